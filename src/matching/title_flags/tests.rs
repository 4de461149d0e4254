//! One line a case: two titles and what is flagged, as "kind left/right".

use super::title_flags;

fn check(left: &str, right: &str, expected: &[&str]) {
    let show = |left: &str, right: &str| -> Vec<String> {
        title_flags(left, right)
            .iter()
            .map(|flag| format!("{} {}/{}", flag.kind, flag.left, flag.right))
            .collect()
    };
    assert_eq!(show(left, right), expected, "{left} | {right}");
    assert_eq!(title_flags(right, left).len(), expected.len(), "the other way round: {right} | {left}");
}

#[test]
fn the_same_quantity_in_other_words() {
    for (left, right) in [
        ("Water 400 ml", "Water 0.4 l"),
        ("Saft 1,5 l", "Saft 1500ml"),
        ("Mehl 1.000 g", "Mehl 1 kg"),
        ("Mehl 1,000 g", "Mehl 1kg"),
        ("Mehl 1.250 kg", "Mehl 1250 g"),
        ("Rice 2 x 250 ml", "Rice 250ml x 2"),
        ("Shampoo 500 ml", "Shampoo 16.9 fl oz"),
        ("TV 55\"", "TV 139.7 cm"),
        ("TV 55\u{2033}", "TV 55-inch"),
        ("Disk 1 TB", "Disk 1000GB"),
        ("Battery 2Ah", "Battery 2000 mAh"),
        ("お茶 ５００ｍｌ", "お茶 0.5リットル"),
        ("شاي ٤٠٠ مل", "شاي 400 ml"),
        ("عصير ١٫٥ لتر", "عصير 1.5 L"),
        ("Kabel 1½ m", "Kabel 150 cm"),
        ("Pipe 1/2 inch", "Pipe 0.5\""),
        ("Box 20x30 cm", "Box 20 x 30cm"),
        ("8GB 256GB", "256GB"),
        ("Handuk XXL", "Handuk 2XL"),
        ("Kopi isi 12", "Kopi 12 pcs"),
        ("Eier 6er Pack", "Eier 6 Stück"),
    ] {
        check(left, right, &[]);
    }
}

#[test]
fn quantities_that_disagree() {
    check("Aqua 600ml", "Aqua 1,5 L", &["size 600ml/1,5 L"]);
    check("Reis 1 kg", "Reis 500 g", &["size 1 kg/500 g"]);
    check("Milk 2 x 250 ml", "Milk 500 ml", &["size 250 ml/500 ml"]);
    check("HP 8GB 128GB", "HP 8GB 256GB", &["size 128GB/256GB"]);
    check("Powerbank 10000mAh", "Powerbank 20.000 mAh", &["size 10000mAh/20.000 mAh"]);
    check("TV 43\"", "TV 55 inch", &["size 43\"/55 inch"]);
    check("お茶 500ml", "お茶 ２リットル", &["size 500ml/２リットル"]);
    check("شاي ٤٠٠ مل", "شاي ٨٠٠ مل", &["size ٤٠٠ مل/٨٠٠ مل"]);
    check("Lampu 5 watt", "Lampu 12W", &["size 5 watt/12W"]);
    check("Karpet 20x30 cm", "Karpet 20 x 40 cm", &["size 30 cm/40 cm"]);
    check("Чай 100 г", "Чай 250г", &["size 100 г/250г"]);
    check("Vitamin-C 500mg", "Vitamin-C 1000mg", &["size 500mg/1000mg"]);
    check("Aqua-600ml", "Aqua-330ml", &["size 600ml/330ml"]);
}

#[test]
fn counts_that_disagree() {
    check("Tisu isi 12", "Tisu isi 24", &["count isi 12/isi 24"]);
    check("Soap pack of 6", "Soap, 3 pack", &["count pack of 6/3 pack"]);
    check("Masker x3", "Masker x5", &["count x3/x5"]);
    check("Masker 3x", "Masker 5x", &["count 3x/5x"]);
    check("Eier 6er Pack", "Eier 10 Stück", &["count 6er Pack/10 Stück"]);
    check("Cola 6 x 0,33 l", "Cola 24x0,33l", &["count 6 x/24x"]);
    check("マスク 50枚入り", "マスク 100枚", &["count 50枚入り/100枚"]);
    check("お茶 12本セット", "お茶 24本", &["count 12本セット/24本"]);
    check("قلم 12 قطعة", "قلم ٦ قطع", &["count 12 قطعة/٦ قطع"]);
    check("Magnesium 60 Kapseln", "Magnesium 120 Kapseln", &["count 60 Kapseln/120 Kapseln"]);
}

#[test]
fn codes_that_disagree() {
    check("Filter DPT001-00", "Filter DPT001-01", &["model DPT001-00/DPT001-01"]);
    check("Samsung SM-A12", "Samsung SM-A52", &["model SM-A12/SM-A52"]);
    check("Sony WH-1000XM4", "Sony wh1000xm5", &["model WH-1000XM4/wh1000xm5"]);
    check("Samsung SM-A12", "samsung sma125f", &[]);
    check("Case iPhone12", "Case for SM-A52", &["model iPhone12/SM-A52"]);
}

#[test]
fn clothing_sizes() {
    check("Kaos polos XL", "Kaos polos XXL", &["size XL/XXL"]);
    check("Kaos ukuran M", "Kaos ukuran L", &["size M/L"]);
    check("Jeans size 30", "Jeans Size 32", &["size size 30/Size 32"]);
    check("Schuh EU 42", "Schuh EU 43", &["size EU 42/EU 43"]);
    check("シャツ サイズM", "シャツ サイズL", &["size M/L"]);
    check("Kaos size S/M/L", "Kaos size M", &[]);
    check("L'Oreal M series", "L'Oreal S series", &[]);
    check("Schuh EU 42", "Schuh size 8", &[]);
}

#[test]
fn what_cannot_be_compared_is_not_flagged() {
    for (left, right) in [
        ("", ""),
        ("Water 400 ml", "Water"),
        ("Water 400 ml", "Water 400 g"),
        ("Kopi isi 12", "Kopi 400 ml"),
        ("2 in 1 shampoo", "3 in 1 shampoo"),
        ("Promo 2020", "Promo 2021"),
        ("Buka 24jam", "Buka 12jam"),
        ("v1.2.3", "v2.3.4"),
        ("SM-900G", "SM-900G 64GB"),
        ("3D puzzle", "4D puzzle"),
        ("%%%---///", "\u{0}\u{feff}"),
        ("Kapseln 60", "Kapseln 120"),
    ] {
        check(left, right, &[]);
    }
}

proptest::proptest! {
    #[test]
    fn any_title_can_be_read(left in ".{0,60}", right in "[0-9a-zA-Z .,/xX×½\"-]{0,40}") {
        let flags = title_flags(&left, &right);
        proptest::prop_assert_eq!(flags.len(), title_flags(&right, &left).len());
        proptest::prop_assert!(title_flags(&left, &left).is_empty());
        proptest::prop_assert!(flags.iter().all(|flag| left.contains(&flag.left) && right.contains(&flag.right)));
    }
}
