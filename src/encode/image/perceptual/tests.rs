//! Tests of the whole encoder on drawn pictures: what must not matter, and what must.

use image::{Rgb, RgbImage, imageops};

use super::averages::AVERAGE_GRADIENTS;
use super::{DenseMatrix, EmbeddingRows, ImageEncoder, ShapeAndColour, WIDTH};

fn rows(pictures: &[&RgbImage]) -> DenseMatrix {
    let batch: Vec<_> = pictures.iter().map(|picture| ShapeAndColour.prepare(picture)).collect();
    match ShapeAndColour.embed(&batch).unwrap() {
        EmbeddingRows::Dense(rows) => rows,
        other => unreachable!("{other:?}"),
    }
}

fn similarity(left: &RgbImage, right: &RgbImage) -> f32 {
    let rows = rows(&[left, right]);
    rows.row(0).iter().zip(rows.row(1)).map(|(left, right)| left * right).sum()
}

/// A bottle with a leaning label on white; as wide a neck as its body (45) makes it a box.
fn product(neck: f32, color: [u8; 3]) -> RgbImage {
    RgbImage::from_fn(240, 320, |x, y| {
        let (x, y) = (x as f32 - 120.0, y as f32 - 160.0);
        let is_body = x.abs() < 45.0 && (-60.0..130.0).contains(&y);
        let is_neck = x.abs() < neck && (-130.0..-59.0).contains(&y);
        if is_body && (y - 30.0 - x * 0.4).abs() < 20.0 {
            Rgb([250, 240, 200])
        } else if is_body || is_neck {
            Rgb(color.map(|channel| channel.saturating_add((y * 0.2 + 26.0) as u8)))
        } else {
            Rgb([255; 3])
        }
    })
}

const BOTTLE: f32 = 15.0;
const BOX: f32 = 45.0;
const GREEN: [u8; 3] = [20, 120, 50];
const RED: [u8; 3] = [180, 30, 40];

#[test]
fn sellers_edits_do_not_matter() {
    let original = product(BOTTLE, GREEN);
    let check = |edited: &RgbImage, at_least: f32, edit: &str| {
        let similarity = similarity(&original, edited);
        assert!(similarity >= at_least, "{edit}: {similarity}");
    };
    check(&original, 0.9999, "none");
    check(&imageops::flip_horizontal(&original), 0.99, "flip");
    check(&imageops::resize(&original, 480, 640, imageops::FilterType::Triangle), 0.98, "scale");
    check(&imageops::crop_imm(&original, 40, 10, 180, 300).to_image(), 0.98, "crop");
    let mut framed = RgbImage::from_pixel(300, 380, Rgb([220, 40, 160]));
    imageops::replace(&mut framed, &original, 30, 30);
    // A frame leaves a rim of mixed colour, which weighs much on a drawing without texture.
    check(&framed, 0.9, "frame");
    let mut banner = original.clone();
    imageops::replace(&mut banner, &RgbImage::from_pixel(240, 28, Rgb([30, 60, 200])), 0, 0);
    check(&banner, 0.9, "banner");
    let mut collage = RgbImage::from_pixel(480, 480, Rgb([255; 3]));
    imageops::replace(&mut collage, &original, 0, 0);
    let small = imageops::resize(&original, 120, 160, imageops::FilterType::Triangle);
    imageops::replace(&mut collage, &small, 340, 300);
    // The large part is analysed at half the size here: its edges are blurred, yet it beats another colour or shape.
    check(&collage, 0.8, "collage");
}

#[test]
fn shape_and_colour_do_matter() {
    let original = product(BOTTLE, GREEN);
    let recolored = similarity(&original, &product(BOTTLE, RED));
    let reshaped = similarity(&original, &product(BOX, GREEN));
    let both = similarity(&original, &product(BOX, RED));
    assert!(recolored < 0.95 && reshaped < 0.95, "{recolored} {reshaped}");
    assert!(both < recolored && both < reshaped, "{both} {recolored} {reshaped}");
}

#[test]
fn any_picture_is_a_unit_row() {
    for (width, height) in [(0, 0), (1, 1), (1, 900), (900, 1), (31, 33), (300, 200)] {
        for color in [[0; 3], [255; 3], [90, 10, 200]] {
            let row = rows(&[&RgbImage::from_pixel(width, height, Rgb(color))]);
            assert_eq!((row.width, row.n_rows()), (WIDTH, 1));
            let length: f32 = row.values.iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-5, "{width} x {height}: {length}");
        }
    }
}

#[test]
fn averages_do_not_favour_a_side() {
    let n = AVERAGE_GRADIENTS.len();
    assert!((0..n).all(|lean| AVERAGE_GRADIENTS[lean] == AVERAGE_GRADIENTS[(n - lean) % n]));
}
