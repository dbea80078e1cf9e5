#version 330
in vec2 v_uv;
uniform mat4 u_inverse;
uniform vec3 u_eye;
uniform int u_mode;
uniform vec3 u_sky_rgb;
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
    // A far treeline stands where the ground ends.
    float round = atan(d.y, d.x) * 0.159;
    float crowns = 0.034 * texture(u_noise, vec2(round * 3.0, 0.37)).b + 0.020 * texture(u_noise, vec2(round * 23.0, 0.71)).r - 0.012;
    float leaves = texture(u_noise, vec2(round * 41.0, d.z * 6.0)).r + 0.6 * texture(u_noise, vec2(round * 9.0, 0.2)).b - 0.3;
    vec3 woods = u_mode == 2 ? vec3(0.24 + 0.12 * leaves) : u_sky_rgb * mix(vec3(0.015, 0.022, 0.010), vec3(0.10, 0.12, 0.06), leaves);
    woods = mix(woods, u_fog.rgb, u_mode == 1 ? 0.0 : 0.10 + 0.7 * clamp(u_fog.w * 40.0, 0.0, 1.0));
    rgb = mix(woods, rgb, smoothstep(-0.003, 0.003, d.z - crowns + 0.006));
    o_lit = vec4(rgb, 1.0);
    o_sun = vec4(0.0, 0.0, 0.0, 1.0);
    o_albedo = vec4(0.0);
}
