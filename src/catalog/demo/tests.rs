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
#[test]
fn bench() {
    let Ok(what) = std::env::var("DEMO_BENCH") else { return };
    use super::canvas::Canvas;
    use super::families::Family;
    let all = postings(300, 7);
    let cpu = || {
        let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
    };
    let t = cpu();
    for _ in 0..20 {
        std::hint::black_box(postings(300, 7));
    }
    eprintln!("postings {:.2} ms", (cpu() - t) / 20.0);
    let t = cpu();
    for p in all.iter().take(200) {
        std::hint::black_box(p.picture.draw());
    }
    eprintln!("draw {:.2} ms", (cpu() - t) / 200.0);
    for style in 0..12 {
        let t = cpu();
        for p in all.iter().take(20) {
            let mut c = Canvas::new(480, 480).unwrap();
            let mut b = p.picture.shot.background;
            b.style = style;
            b.paint(&mut c);
        }
        eprintln!("background {style} {:.2} ms", (cpu() - t) / 20.0);
    }
    let mut seen: Vec<Family> = vec![];
    for p in &all {
        let f = p.picture.look.family;
        if seen.contains(&f) {
            continue;
        }
        seen.push(f);
        let t = cpu();
        for _ in 0..10 {
            let mut c = Canvas::new(480, 480).unwrap();
            c.within(tiny_skia::Transform::from_translate(240.0, 392.0), |c| {
                f.draw(c, &p.picture.look, p.picture.shot.pose)
            });
        }
        eprintln!("{f:?} {:.2} ms", (cpu() - t) / 10.0);
    }
    let t = cpu();
    for _ in 0..20 {
        let mut c = Canvas::new(480, 480).unwrap();
        c.rect(0.0, 0.0, 480.0, 480.0, super::palette::WHITE);
        std::hint::black_box(c.into_rgb());
    }
    eprintln!("blank {:.2} {what}", (cpu() - t) / 20.0);
}
