#version 330
#include surface.glsl
in vec3 v_pos; in vec3 v_nrm; in vec3 v_tex; in vec3 v_rgb; in vec4 v_mat;
flat in int v_kind;
uniform float u_id;
uniform sampler2D u_dyn_shadow;
uniform mat4 u_dyn_vp;
uniform float u_dyn_soft;
uniform vec3 u_spot_pos; uniform vec3 u_spot_dir; uniform vec3 u_spot_rgb;
layout(location = 0) out vec4 o_rgb;
layout(location = 1) out float o_id;
void main() {
    vec3 nrm = dot(v_nrm, u_eye - v_pos) < 0.0 ? -v_nrm : v_nrm;
    Surface s = surface(v_pos, nrm, v_tex, v_rgb, v_mat, v_kind);
    float clear = clear_air(v_pos);
    vec3 sun = direct(s, v_pos);
    if (dot(sun, vec3(1.0)) > 0.0) {
        sun *= shadow(u_shadow, u_shadow_vp, v_pos + nrm * 0.03, u_soft, 0.0006);
        sun *= shadow(u_dyn_shadow, u_dyn_vp, v_pos + nrm * 0.05, u_dyn_soft * 0.5, 0.002);
    }
    float low = 1.0 - 0.35 * exp(-max(v_pos.z, 0.0) * 3.0);
    vec3 rgb = ambient(s, v_pos) * (u_mode == 2 ? 1.0 : low) + sun;
    vec3 to = v_pos - u_spot_pos;
    float d = length(to);
    float cone = smoothstep(0.86, 0.97, dot(to / max(d, 0.1), u_spot_dir));
    rgb += s.albedo * u_spot_rgb * cone / (1.0 + d * d * 0.01) * clamp(dot(s.normal, -to / max(d, 0.1)) + 0.2, 0.0, 1.0);
    o_rgb = vec4(rgb * clear + u_fog.rgb * (1.0 - clear), 1.0);
    o_id = u_id;
}
