// Light and surface: shared by the baked world, the moving figures and the veil.
uniform vec3 u_eye;
uniform vec3 u_axis;          // where the camera looks
uniform int u_mode;           // 0 colour, 1 near infrared, 2 thermal
uniform vec3 u_sun_dir;
uniform vec3 u_sun_rgb;
uniform vec3 u_sky_rgb;
uniform vec3 u_bounce_rgb;
uniform vec4 u_lamp;          // rgb intensity, w reach in metres
uniform vec4 u_fog;           // rgb, w density per metre
uniform sampler2D u_noise;
uniform sampler2D u_ground;
uniform vec4 u_extent;
uniform sampler2DArray u_sprites;
uniform sampler2D u_shadow;
uniform mat4 u_shadow_vp;
uniform float u_soft;         // shadow blur in map coordinates

const vec2 DISC[8] = vec2[8](vec2(-.33, -.12), vec2(.41, .28), vec2(-.61, .55), vec2(.12, -.66),
    vec2(.85, -.31), vec2(-.92, -.29), vec2(.21, .92), vec2(-.05, .31));

float grain(vec2 at) { return texture(u_noise, at).r - 0.5; }

float shadow(sampler2D map, mat4 vp, vec3 pos, float soft, float bias) {
    vec3 p = (vp * vec4(pos, 1.0)).xyz * 0.5 + 0.5;
    if (any(lessThan(p, vec3(0.0))) || any(greaterThan(p, vec3(1.0)))) return 1.0;
    float turn = fract(52.98 * fract(dot(gl_FragCoord.xy, vec2(0.0671, 0.00584)))) * 6.283;
    mat2 r = mat2(cos(turn), sin(turn), -sin(turn), cos(turn));
    float lit = 0.0;
    for (int i = 0; i < 8; i++) lit += step(p.z - bias, texture(map, p.xy + r * DISC[i] * soft).r);
    return lit / 8.0;
}

struct Surface { vec3 albedo; vec3 normal; float warmth; float gloss; float wrap; float level; };

Surface surface(vec3 pos, vec3 nrm, vec3 tex, vec3 rgb, vec4 mat, int kind) {
    Surface s = Surface(rgb, normalize(nrm), mat.y, mat.z, 0.0, 0.12);
    float nir = mat.x;
    float tone = 1.0;
    if (kind == 1) {
        vec2 uv = (pos.xy - u_extent.xz) / (u_extent.yw - u_extent.xz);
        uv = 1.0 - abs(1.0 - mod(uv, 2.0));
        float far = clamp(length(pos - u_eye) / 80.0 - 0.25, 0.0, 1.0);
        vec4 map = texture(u_ground, uv, 2.0 * far);
        s.albedo = pow(map.rgb, vec3(2.2));
        nir = map.a * map.a;
        float lush = (map.g - map.b) / max(map.g + map.b, 0.05);
        float grown = smoothstep(0.17, 0.28, lush);
        mat2 askew = mat2(0.81, 0.59, -0.59, 0.81);  // tiles of different slant hide each other's repeats
        float wide = texture(u_noise, pos.yx * 0.017 + 0.4).g - 0.5;
        float patchy = texture(u_noise, askew * pos.xy * 0.083).b - 0.5;
        float tuft = grain(askew * pos.yx * 0.29), blade = grain(pos.xy * 0.93), speck = grain(askew * pos.xy * 2.9 + 0.2);
        tone = 1.0 + 0.25 * wide + 0.35 * patchy + mix(0.35, 0.75, grown) * tuft + mix(0.45, 0.95, grown) * blade + 0.6 * speck;
        tone = mix(tone, 1.0, 0.65 * far);  // seen flat, only the tips show
        float straw = grown * smoothstep(-0.05, 0.25, 0.8 * patchy + 0.9 * wide + 0.5 * tuft);
        s.albedo = mix(s.albedo, s.albedo * vec3(1.38, 1.20, 1.18), 0.75 * straw * (1.0 - 0.6 * far));
        s.normal = normalize(vec3(0.6 * tuft + 0.5 * blade, 0.6 * patchy + 0.5 * speck, 1.0));
        s.level = 0.45;  // grass and stones face the lamp even where the ground does not
        s.warmth += (0.10 * wide + 0.12 * patchy) * (1.0 - 0.7 * far) + 0.10 * tuft + 0.10 * blade + 0.25 * (map.a - 0.45);
    } else if (kind == 2) {
        float a = texture(u_noise, tex.yz * vec2(0.55, 0.30)).g - 0.5;
        float b = texture(u_noise, tex.xz * vec2(0.60, 0.35) + 0.3).g - 0.5;
        float c = texture(u_noise, tex.xy * 1.7 + tex.z * 0.9).r - 0.5;
        s.normal = normalize(s.normal + vec3(a, b, 0.5 * (a - b)) * 1.5);
        tone = 1.0 + 0.35 * (a + b) + 0.25 * c;
        s.warmth += 0.18 * (a + b);
        s.wrap = 0.15;
    } else if (kind == 3) {
        tone = 1.0 + 0.2 * grain(tex.yz * 1.3);
        s.wrap = 0.25;
    } else if (kind == 4) {
        bool low = abs(tex.z - 2.0) < 0.5;  // turf has no shaded foot of its own
        tone = 2.0 * texture(u_sprites, vec3(tex.xy, tex.z)).r * (low ? 0.85 + 0.25 * tex.y : 0.55 + 0.6 * tex.y);
        s.wrap = 0.5;
        s.level = 0.6;
    } else if (kind == 5) {
        tone = 1.0 + 0.30 * grain(vec2(tex.x * 0.2 + tex.y, tex.z * 2.0)) + 0.15 * grain(tex.xz * 3.0);
    } else if (kind == 6) {
        float period = 0.21;
        float wide = fwidth(tex.x) / period;
        float show = 1.0 - smoothstep(0.12, 0.38, wide);
        float angle = tex.x / period * 6.283;
        vec2 dent = vec2(texture(u_noise, tex.xz * vec2(0.11, 0.06)).g, texture(u_noise, tex.zx * 0.19 + 0.3).g) - 0.5;
        s.normal = normalize(s.normal + vec3((u_mode == 1 ? 0.45 : 1.0) * cos(angle) * show + 0.9 * dent.x, 0.0, 0.9 * dent.y));
        float place = floor(tex.x / 1.05), edge = abs(fract(tex.x / 1.05) - 0.02) * 1.05;
        float lot = fract(sin(place * 12.9898) * 43758.5453);
        float streak = texture(u_noise, vec2(tex.x * 0.61, tex.z * 0.021 + lot)).r - 0.5;
        float worn = texture(u_noise, tex.xz * vec2(0.05, 0.09) + 0.6).g - 0.5;
        float rust = smoothstep(0.16, 0.42, streak + 0.9 * worn) * (0.35 + 0.65 * exp(-abs(tex.z - 0.4) * 2.5));
        tone = 0.97 + 0.10 * (lot - 0.5) + 0.22 * streak + 0.25 * worn + 0.12 * grain(tex.xz * 1.3);
        tone *= 1.0 - 0.20 * show * (0.5 + 0.5 * sin(angle));
        tone *= 1.0 - 0.45 * (1.0 - smoothstep(0.008, 0.018 + fwidth(tex.x), edge)) * show;
        s.albedo = mix(s.albedo, vec3(0.16, 0.075, 0.04), 0.55 * rust);
        s.albedo = mix(s.albedo, vec3(0.13, 0.10, 0.07), 0.6 * exp(-tex.z * (4.5 + 3.0 * grain(tex.xx * 0.4))));  // splashed soil
        s.warmth += 0.10 * worn + 0.05 * (lot - 0.5) + 0.08 * exp(-tex.z * 1.5) + 0.05 * streak + 0.02 * show * sin(angle);
    } else if (kind == 7) {
        tone = 1.0 + 0.7 * grain(vec2(tex.x * 0.12, tex.y * 1.9 + tex.z * 1.3)) + 0.3 * grain(tex.xz);
    } else if (kind == 8) {
        tone = 1.0 + 0.28 * grain(tex.xz * 0.10 + tex.y * 0.1) + 0.22 * grain(tex.xz * vec2(0.5, 0.06)) + 0.1 * grain(tex.xy + tex.z);
        float near = 1.0 - smoothstep(0.02, 0.09, fwidth(tex.z) + fwidth(tex.x) * 0.5);
        if (mat.z > 0.25 && near > 0.0 && abs(nrm.z) < 0.5) {
            float run = mat.z > 0.75 ? 0.24 : 1.2, rise = mat.z > 0.75 ? 0.075 : 0.6;
            float course = floor(tex.z / rise);
            vec2 cell = vec2(fract((tex.x + tex.y) / run + 0.5 * mod(course, 2.0)), fract(tex.z / rise));
            float joint = step(0.035, cell.x) * step(0.10 * min(1.0, 0.12 / rise), cell.y);
            tone *= mix(1.0, mix(0.72, 1.0, joint), near);
        }
        s.gloss = 0.0;
        s.warmth += 0.12 * (texture(u_noise, tex.xz * vec2(0.07, 0.12) + tex.y * 0.1).g - 0.5) + 0.06 * exp(-max(tex.z, 0.0) * 1.5);
        tone *= 1.0 - 0.25 * exp(-max(tex.z, 0.0) * 2.5);
    } else if (kind == 11) {
        tone = 1.0 + 1.1 * grain(vec2(tex.x * 0.3, tex.z * 0.12)) + 0.5 * grain(tex.xz * vec2(0.6, 0.9));
    } else {
        tone = 1.0 + 0.15 * grain(tex.xz * 0.7 + tex.y);
    }
    tone = clamp(tone, 0.25, 2.2);
    if (u_mode == 0) s.albedo *= tone;
    else s.albedo = vec3(nir * nir * (kind == 2 ? 0.1 + 0.9 * tone : 0.45 + 0.55 * tone));
    return s;
}

// What arrives without the sun: sky, bounce and the camera's own lamp.
vec3 ambient(Surface s, vec3 pos) {
    if (u_mode == 2) {
        float up = 0.5 + 0.5 * s.normal.z;
        return vec3(s.warmth - 0.10 * up + 0.03 * dot(s.albedo, vec3(1.0)));
    }
    vec3 light = mix(u_bounce_rgb, u_sky_rgb, 0.5 + 0.5 * s.normal.z);
    vec3 to = pos - u_eye;
    float d = length(to);
    to /= d;
    float facing = clamp(mix(dot(s.normal, -to), 1.0, s.level), 0.0, 1.0);
    float beam = smoothstep(0.45, 0.97, dot(to, u_axis));
    float fall = pow(u_lamp.w / max(d, 3.0), 1.8);
    return s.albedo * (light + u_lamp.rgb * facing * beam * fall / (1.0 + 0.7 * fall));
}

vec3 direct(Surface s, vec3 pos) {
    if (u_mode == 2) return vec3(0.0);
    float n = dot(s.normal, u_sun_dir);
    float diffuse = clamp((n + s.wrap) / (1.0 + s.wrap), 0.0, 1.0);
    vec3 h = normalize(u_sun_dir + normalize(u_eye - pos));
    float shine = s.gloss * 0.6 * pow(max(dot(s.normal, h), 0.0), 24.0);
    return u_sun_rgb * (s.albedo * diffuse + shine);
}

float clear_air(vec3 pos) { return exp(-u_fog.w * length(pos - u_eye)); }
