#version 330
in vec2 v_uv;
uniform sampler2D u_lit; uniform sampler2D u_sun; uniform sampler2D u_albedo; uniform sampler2D u_depth;
uniform sampler2D u_noise;
uniform mat4 u_inverse;
uniform sampler2D u_dyn_shadow;
uniform mat4 u_dyn_vp;
uniform float u_dyn_soft;
uniform vec4 u_dyn_rect;      // where in the picture the moving shadows can fall
uniform float u_time; uniform float u_sway; uniform float u_drift;
uniform vec3 u_spot_pos; uniform vec3 u_spot_dir; uniform vec3 u_spot_rgb;
layout(location = 0) out vec4 o_rgb;
layout(location = 1) out float o_id;
const vec2 DISC[8] = vec2[8](vec2(-.33, -.12), vec2(.41, .28), vec2(-.61, .55), vec2(.12, -.66),
    vec2(.85, -.31), vec2(-.92, -.29), vec2(.21, .92), vec2(-.05, .31));
void main() {
    float depth = texture(u_depth, v_uv).r;
    vec2 uv = v_uv;
    if (u_sway > 0.0) {
        float weight = texture(u_albedo, v_uv).a;
        if (weight > 0.02) {
            vec2 n = texture(u_noise, v_uv * vec2(1.1, 0.7) + vec2(u_time * 0.031, 0.0)).rg - 0.5;
            vec2 m = texture(u_noise, v_uv * 3.1 + vec2(u_time * 0.11, u_time * 0.02)).rg - 0.5;
            vec2 shifted = uv + u_sway * weight * (n * 1.5 + m * 0.7) * vec2(1.0, 0.35);
            if (texture(u_albedo, shifted).a > 0.02) uv = shifted;
        }
    }
    vec3 sun = texture(u_sun, uv).rgb;
    float lit = 1.0;
    bool spot = dot(u_spot_rgb, vec3(1.0)) > 0.0;
    bool near = all(greaterThan(v_uv, u_dyn_rect.xy)) && all(lessThan(v_uv, u_dyn_rect.zw));
    vec3 rgb = texture(u_lit, uv).rgb;
    bool sunny = dot(sun, vec3(1.0)) > 0.0;
    if (depth < 1.0 && (spot || u_drift > 0.0 || (near && sunny))) {
        vec4 h = u_inverse * vec4(v_uv * 2.0 - 1.0, depth * 2.0 - 1.0, 1.0);
        vec3 pos = h.xyz / h.w;
        if (near && sunny) {
            vec3 p = (u_dyn_vp * vec4(pos, 1.0)).xyz * 0.5 + 0.5;
            if (all(greaterThan(p, vec3(0.0))) && all(lessThan(p, vec3(1.0)))) {
                float turn = fract(52.98 * fract(dot(gl_FragCoord.xy, vec2(0.0671, 0.00584)))) * 6.283;
                mat2 r = mat2(cos(turn), sin(turn), -sin(turn), cos(turn));
                lit = 0.0;
                for (int i = 0; i < 8; i++) lit += step(p.z - 0.0015, texture(u_dyn_shadow, p.xy + r * DISC[i] * u_dyn_soft).r);
                lit /= 8.0;
            }
        }
        if (u_drift > 0.0) {
            float cloud = texture(u_noise, pos.xy * 0.006 + vec2(u_time * 0.02, u_time * 0.006)).g;
            lit *= mix(1.0, smoothstep(0.40, 0.58, cloud), u_drift);
        }
        if (spot) {
            vec3 to = pos - u_spot_pos;
            float d = length(to);
            float cone = smoothstep(0.86, 0.97, dot(to / d, u_spot_dir));
            rgb += texture(u_albedo, uv).rgb * u_spot_rgb * cone * 0.6 / (1.0 + d * d * 0.01);
        }
    }
    o_rgb = vec4(rgb + sun * lit, 1.0);
    o_id = 0.0;
    gl_FragDepth = depth;
}
