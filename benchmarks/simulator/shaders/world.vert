#version 330
uniform mat4 u_vp;
in vec3 in_pos;
in vec3 in_nrm;
in vec3 in_tex;
in vec4 in_col;
in vec4 in_mat;
out vec3 v_pos;
out vec3 v_nrm;
out vec3 v_tex;
out vec3 v_rgb;
out vec4 v_mat;
flat out int v_kind;
void main() {
    v_pos = in_pos;
    v_nrm = in_nrm;
    v_tex = in_tex;
    v_rgb = pow(in_col.rgb, vec3(2.2));
    v_mat = in_mat;
    v_kind = int(in_col.a * 255.0 + 0.5);
    gl_Position = u_vp * vec4(in_pos, 1.0);
}
