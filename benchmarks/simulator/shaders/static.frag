#version 330
#include surface.glsl
in vec3 v_pos; in vec3 v_nrm; in vec3 v_tex; in vec3 v_rgb; in vec4 v_mat;
flat in int v_kind;
layout(location = 0) out vec4 o_lit;
layout(location = 1) out vec4 o_sun;
layout(location = 2) out vec4 o_albedo;
void main() {
    if (v_kind == 4) {
        float cover = texture(u_sprites, v_tex).g;
        float dice = fract(sin(dot(gl_FragCoord.xy, vec2(12.9898, 78.233))) * 43758.5453);
        if (cover < 0.30 + 0.35 * dice) discard;
    }
    vec3 nrm = v_kind != 4 && dot(v_nrm, u_eye - v_pos) < 0.0 ? -v_nrm : v_nrm;
    Surface s = surface(v_pos, nrm, v_tex, v_rgb, v_mat, v_kind);
    float clear = clear_air(v_pos);
    vec3 haze = u_fog.rgb * (1.0 - clear);
    vec3 sun = direct(s, v_pos);
    if (dot(sun, vec3(1.0)) > 0.0) sun *= shadow(u_shadow, u_shadow_vp, v_pos + nrm * 0.03, u_soft, 0.0006);
    o_lit = vec4(ambient(s, v_pos) * clear + haze, 1.0);
    o_sun = vec4(sun * clear, 1.0);
    o_albedo = vec4(s.albedo * clear, v_mat.w * min(v_pos.z * 0.6, 1.0));
}
