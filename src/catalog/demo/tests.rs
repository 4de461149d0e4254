#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::postings::postings;
#[test]
fn sheet() {
    let Ok(from) = std::env::var("DEMO_SHEET") else { return };
    let mut parts = from.split(',').map(|p| p.parse::<usize>().unwrap());
    let (start, mode) = (parts.next().unwrap(), parts.next().unwrap_or(0));
    let mut all = postings(300, 7);
    if mode == 1 {
        all.sort_by(|a, b| a.group.cmp(&b.group));
    }
    if mode == 2 {
        all.sort_by_key(|a| (a.category, a.group.clone()));
        all.dedup_by(|a, b| a.variant_of == b.variant_of);
    }
    if mode == 3 {
        all.retain(|p| p.edits.contains("collage") || p.edits.contains("badge") || p.edits.contains("water"));
    }
    let mut sheet = image::RgbImage::new(6 * 320, 5 * 320);
    let began = std::time::Instant::now();
    let pics: Vec<_> = all.iter().skip(start).take(30).map(|p| (p, p.picture.draw())).collect();
    eprintln!("{} ms a picture", began.elapsed().as_secs_f64() * 1000.0 / 30.0);
    for (i, (p, pic)) in pics.iter().enumerate() {
        let small = image::imageops::resize(pic, 316, 316, image::imageops::FilterType::Triangle);
        image::imageops::replace(&mut sheet, &small, (i % 6 * 320) as i64, (i / 6 * 320) as i64);
        eprintln!("{} {} {} {}", p.group, p.variant_of, p.photo, p.title);
    }
    sheet.save(format!("/tmp/demo-{start}-{mode}.png")).unwrap();
}
