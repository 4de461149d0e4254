//! How fast a million rows load, and how much memory a row takes; decoding and thumbnails beside it.
//! `cargo bench --bench catalog`

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use lookalike::catalog::{CatalogSource, DecodeLimits, OpenOptions, decode_image, open, thumbnail};

const N_ROWS: usize = 1_000_000;

/// A table like Shopee's: ids, hashed picture names, titles of some ninety letters (a tenth of them with escapes
/// or HTML), labels beyond 32 bits.
fn table(format: &str) -> String {
    let words = [
        "Tas", "Wanita", "Premium", "Original", "Baju", "Anak", "Promo", "500ml", "Sepatu", "Hitam", "murah",
    ];
    let mut text = String::with_capacity(N_ROWS * 180);
    if format == "csv" {
        text.push_str("posting_id,image,image_phash,title,label_group\n");
    }
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    for row in 0..N_ROWS {
        let mut title = String::new();
        for _ in 0..12 {
            title.push_str(words[next() as usize % words.len()]);
            title.push(' ');
        }
        match row % 20 {
            0 => title.push_str("\\xc3\\x89clair"),
            1 => title.push_str("&amp; <b>baru</b>"),
            _ => title.push_str("baru"),
        }
        let (image, phash, group) = (next(), next(), 4_000_000_000 + row as u64 / 3);
        let written = match format {
            "csv" => writeln!(text, "train_{row},{image:032x}.jpg,{phash:016x},\"{title}\",{group}"),
            _ => {
                let title = title.replace('\\', "\\\\");
                writeln!(
                    text,
                    r#"{{"id":"train_{row}","image":"{image:032x}.jpg","title":"{title}","label_group":{group}}}"#
                )
            }
        };
        assert!(written.is_ok(), "writing to a string cannot fail");
    }
    text
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load a million rows");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    for format in ["csv", "jsonl"] {
        let path: PathBuf =
            std::env::temp_dir().join(format!("lookalike-bench-{}.{format}", std::process::id()));
        if let Err(error) = std::fs::write(&path, table(format)) {
            eprintln!("cannot write {}: {error}", path.display());
            continue;
        }
        let source = CatalogSource::File(path.clone());
        match open(&source, &OpenOptions::default()) {
            Ok(catalog) => {
                eprintln!(
                    "{format}: {} postings, {} bytes a row",
                    catalog.n_postings(),
                    catalog.n_bytes() / catalog.n_postings()
                );
                eprintln!(
                    "{:?}",
                    catalog.problems().iter().map(|problem| &problem.message).collect::<Vec<_>>()
                );
            }
            Err(error) => eprintln!("{error}"),
        }
        group.bench_function(format, |bencher| {
            bencher.iter(|| black_box(open(&source, &OpenOptions::default()).is_ok()))
        });
        let _ = std::fs::remove_file(path);
    }
    group.finish();
}

fn pictures(criterion: &mut Criterion) {
    let large = image::RgbImage::from_fn(5472, 3648, |x, y| {
        image::Rgb([(x * y) as u8, (x / 7) as u8, (y / 5) as u8])
    });
    let mut jpeg = std::io::Cursor::new(Vec::new());
    if image::DynamicImage::ImageRgb8(large.clone()).write_to(&mut jpeg, image::ImageFormat::Jpeg).is_err() {
        return;
    }
    let jpeg = jpeg.into_inner();
    let mut group = criterion.benchmark_group("20 megapixels");
    group.sample_size(10);
    group.bench_function("decode JPEG", |bencher| {
        bencher.iter(|| black_box(decode_image(&jpeg, "", &DecodeLimits::default()).is_ok()));
    });
    group.bench_function("thumbnail 192", |bencher| bencher.iter(|| black_box(thumbnail(&large, 192))));
    group.finish();
}

criterion_group!(benches, load, pictures);
criterion_main!(benches);
