"""Every work, one file a group."""

from . import embed_images, embed_titles, head_step, mix_pictures, neighbors, self_join, shopee_f1, titles

ALL_WORKS = [
    *self_join.WORKS,
    *titles.WORKS,
    *shopee_f1.WORKS,
    *head_step.WORKS,
    *embed_images.WORKS,
    *embed_titles.WORKS,
    *mix_pictures.WORKS,
    *neighbors.WORKS,
]
