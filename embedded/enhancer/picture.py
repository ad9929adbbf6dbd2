"""Enhances pictures visibly without a model: levels, less noise, sharper edges."""

import math

import pyvips

DARKEST, BRIGHTEST = 0.5, 99.5
"""Percentiles of lightness that become black and white."""
MIDDLE = 0.55
"""The median lightness of a well lit room."""
STRONGEST_GAMMA = 1.4
LOCAL = 0.35
"""Share of the local contrast in each tone."""
NOISE = 2.0
"""The largest difference in lightness, out of 100, that counts as noise."""
COLOUR = 1.2
QUALITY = 92


def enhance(content: bytes) -> bytes:
    """Return an enhanced JPEG of the same size; raises pyvips.Error if the content is not a picture."""
    picture = pyvips.Image.new_from_buffer(content, "", fail_on="error").autorot()
    if picture.hasalpha():
        picture = picture.flatten(background=255)
    lab = picture.colourspace("lab")
    light, colours = levelled(denoised(lab[0])), lab[1:].gaussblur(1.2) * COLOUR
    better = light.bandjoin(colours).copy(interpretation="lab")
    sharp = better.sharpen(sigma=0.8, x1=1.5, m2=2.5)
    saved: bytes = sharp.colourspace("srgb").cast("uchar").jpegsave_buffer(Q=QUALITY, keep="none")
    return saved


def denoised(light: pyvips.Image) -> pyvips.Image:
    """Smooth areas that are almost smooth; edges and textures stay."""
    smooth = light.median(5)
    rest = light - smooth
    return smooth + (rest.abs() > NOISE).ifthenelse(rest, rest * 0.3)


def levelled(light: pyvips.Image) -> pyvips.Image:
    """Stretch lightness from black to white, brighten mostly dark pictures, and add local contrast."""
    tones = (light * 2.55).cast("uchar")
    low, high = (tones.percent(share) / 2.55 for share in (DARKEST, BRIGHTEST))
    if high - low < 1:
        return light
    half = min(max((tones.percent(50) / 2.55 - low) / (high - low), 0.05), MIDDLE)
    gamma = max(math.log(MIDDLE) / math.log(half), 1 / STRONGEST_GAMMA)
    stretched = ((light - low) / (high - low)).clamp() ** gamma * 100
    return stretched * (1 - LOCAL) + local_contrast(stretched) * LOCAL


def local_contrast(light: pyvips.Image) -> pyvips.Image:
    tones = (light * 2.55).cast("uchar")
    side = max(3, min(tones.width, tones.height) // 6)
    return tones.hist_local(side, side, max_slope=3) / 2.55
