#version 330
#include surface.glsl
in vec3 v_pos; in vec3 v_nrm; in vec3 v_tex; in vec3 v_rgb; in vec4 v_mat;
flat in int v_kind;
uniform sampler2D u_mirror_lit; uniform sampler2D u_mirror_sun;  // the world as the still surface mirrors it
uniform vec2 u_pixel;         // one over the picture's size
uniform vec2 u_banks;         // where the water ends, metres along y
uniform float u_time;
uniform vec3 u_bodies[8];     // who is in it: x, y and whether
layout(location = 0) out vec4 o_rgb;
layout(location = 1) out float o_id;
const vec2 FLOW = vec2(0.35, 0.05);
void main() {
    float edge = 0.35 * grain(v_pos.xy * 0.11) + 0.15 * grain(v_pos.yx * 0.43);
    float inside = min(v_pos.y - u_banks.x, u_banks.y - v_pos.y) + edge;
    if (inside < 0.0) discard;
    vec2 at = v_pos.xy - FLOW * u_time;
    vec2 slope = vec2(texture(u_noise, at * vec2(0.06, 0.09)).b, texture(u_noise, at.yx * vec2(0.10, 0.05) + 0.37).b) - 0.5;
    at = v_pos.xy - 1.7 * FLOW * u_time + 0.11 * u_time;
    slope += 0.6 * (vec2(texture(u_noise, at * 0.31).b, texture(u_noise, at.yx * 0.27 + 0.61).b) - 0.5);
    for (int i = 0; i < 8; i++) {
        if (u_bodies[i].z < 0.5) continue;
        vec2 off = v_pos.xy - u_bodies[i].xy;
        float d = length(off);
        slope += 1.6 * off / max(d, 0.1) * sin(9.0 * d - 7.0 * u_time) * exp(-1.1 * d);
    }
    vec3 normal = normalize(vec3(-0.20 * slope, 1.0));
    vec3 to = u_eye - v_pos;
    float away = length(to);
    to /= away;
    float mirrored = 0.02 + 0.98 * pow(1.0 - clamp(dot(normal, to), 0.0, 1.0), 5.0);
    vec2 shift = slope * vec2(0.05, 0.16) / (1.0 + 0.05 * away);
    vec2 uv = gl_FragCoord.xy * u_pixel + shift;
    vec3 seen = min(texture(u_mirror_lit, uv).rgb + texture(u_mirror_sun, uv).rgb, vec3(4.0));
    vec3 rgb;
    if (u_mode == 2) {
        rgb = mix(vec3(0.22 + 0.02 * slope.x), seen, 0.35 * mirrored);
    } else {
        vec3 deep = u_mode == 0 ? vec3(0.030, 0.038, 0.026) : vec3(0.004);
        vec3 half_way = normalize(u_sun_dir + to);
        float glint = pow(max(dot(normal, half_way), 0.0), 350.0);
        rgb = mix(deep * (u_sky_rgb + 0.4 * u_sun_rgb * max(u_sun_dir.z, 0.0)), seen, mirrored);
        rgb += u_sun_rgb * glint * 3.0;
    }
    float wet = smoothstep(0.0, 0.25, inside);
    rgb *= mix(0.75, 1.0, wet);
    float clear = clear_air(v_pos);
    o_rgb = vec4(rgb * clear + u_fog.rgb * (1.0 - clear), 1.0);
    o_id = 0.0;
}
