#version 330
#include surface.glsl
in vec3 v_pos; in vec3 v_nrm; in vec3 v_tex; in vec3 v_rgb; in vec4 v_mat;
flat in int v_kind;
layout(location = 0) out vec4 o_rgb;
float wires(float at, float step, float width) {
    float wide = fwidth(at);
    float off = abs(fract(at / step + 0.5) - 0.5) * step;
    float line = clamp((width * 0.5 - off) / max(wide, 1e-5) + 0.5, 0.0, 1.0);
    line *= min(1.0, width / max(wide, 1e-5)) * 0.5 + 0.5;
    return mix(line, width / step, smoothstep(0.25, 0.7, wide / step));
}
void main() {
    float cover;
    // Seen aslant, round wires keep their width while the gaps between them close.
    float slant = 1.0 / clamp(abs(dot(normalize(u_eye - v_pos), vec3(0.0, 1.0, 0.0))), 0.45, 1.0);
    if (v_mat.z > 0.5) {
        float a = wires(v_tex.x + v_tex.z, 0.070, 0.0055 * slant), b = wires(v_tex.x - v_tex.z, 0.070, 0.0055 * slant);
        cover = 1.0 - (1.0 - a) * (1.0 - b);
    } else {
        float a = wires(v_tex.x, 0.055, 0.0055 * slant), b = wires(v_tex.z, 0.20, 0.008);
        cover = 1.0 - (1.0 - a) * (1.0 - b);
    }
    Surface s = surface(v_pos, v_nrm, v_tex, v_rgb, vec4(v_mat.xy, 0.1, 0.0), 5);
    s.wrap = 0.2;
    s.albedo *= 0.7;  // half of every wire is its own shaded side
    float clear = clear_air(v_pos);
    vec3 sun = direct(s, v_pos) * shadow(u_shadow, u_shadow_vp, v_pos, u_soft, 0.001);
    vec3 rgb = (ambient(s, v_pos) + sun) * clear + u_fog.rgb * (1.0 - clear);
    o_rgb = vec4(rgb, cover);
}
