#version 330
in vec2 v_uv;
uniform mat4 u_inverse;
uniform vec3 u_eye;
uniform int u_mode;
uniform vec3 u_zenith; uniform vec3 u_horizon; uniform vec3 u_cloud_rgb;
uniform float u_clouds;
uniform vec4 u_fog;
uniform sampler2D u_noise;
layout(location = 0) out vec4 o_lit;
layout(location = 1) out vec4 o_sun;
layout(location = 2) out vec4 o_albedo;
void main() {
    vec4 far = u_inverse * vec4(v_uv * 2.0 - 1.0, 1.0, 1.0);
    vec3 d = normalize(far.xyz / far.w - u_eye);
    float h = clamp(d.z, 0.0, 1.0);
    vec3 rgb = mix(u_horizon, u_zenith, pow(h, 0.5));
    vec2 at = d.xy / (h + 0.18) * 0.12;
    float cloud = texture(u_noise, at).g * 0.55 + texture(u_noise, at * 2.7 + 0.3).g * 0.3 + texture(u_noise, at * 7.1).r * 0.15;
    rgb = mix(rgb, u_cloud_rgb * (0.7 + 0.6 * cloud), smoothstep(0.62 - 0.4 * u_clouds, 0.85 - 0.3 * u_clouds, cloud) * min(1.0, u_clouds * 1.5));
    rgb = mix(rgb, u_fog.rgb, clamp(u_fog.w * 60.0, 0.0, 1.0) * (1.0 - 0.5 * h));
    o_lit = vec4(rgb, 1.0);
    o_sun = vec4(0.0, 0.0, 0.0, 1.0);
    o_albedo = vec4(0.0);
}
