#version 330
uniform sampler2DArray u_sprites;
uniform float u_id;
in vec3 v_tex; in vec4 v_mat;
flat in int v_kind;
layout(location = 0) out float o_id;
void main() {
    if (v_kind == 4 && texture(u_sprites, v_tex).g < 0.45) discard;
    if (v_kind == 9) discard;
    o_id = u_id;
}
