#version 330
in vec2 v_uv;
uniform sampler2D u_rgb;
uniform vec2 u_texel;
uniform float u_blur;         // lens blur, in supersampled pixels
uniform float u_samples;
out vec4 o_rgb;
void main() {
    vec3 sum = vec3(0.0);
    float total = 0.0;
    for (int j = -2; j <= 1; j++) for (int i = -2; i <= 1; i++) {
        vec2 off = vec2(float(i) + 0.5, float(j) + 0.5);
        float w = exp(-dot(off, off) / (2.0 * u_blur * u_blur));
        sum += min(texture(u_rgb, v_uv + off * u_texel).rgb, vec3(8.0)) * w;
        total += w;
    }
    o_rgb = vec4(sum / total, 1.0);
}
