//! Units and the words that announce counts and sizes, in the languages of the catalogues. Data only.

use super::facts::What;

/// A unit: what it measures, in which base unit how large it is, and whether conversions to it are rounded on packages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) what: What,
    pub(super) scale: f64,
    pub(super) is_imperial: bool,
}

const fn metric(what: What, scale: f64) -> Option<Unit> {
    Some(Unit { what, scale, is_imperial: false })
}

const fn imperial(what: What, scale: f64) -> Option<Unit> {
    Some(Unit { what, scale, is_imperial: true })
}

/// The inch, as a sign or a word.
pub(super) const INCH: Unit = Unit { what: What::Length, scale: 25.4, is_imperial: true };

/// The fluid ounce, always of two words.
pub(super) const FLUID_OUNCE: Unit = Unit { what: What::Volume, scale: 29.5735, is_imperial: true };

/// The unit with this name in lower case. Base units: ml, g, mm, byte (10⁶), mAh, W, V, Hz (10⁶).
#[rustfmt::skip]
pub(super) fn unit(word: &str) -> Option<Unit> {
    match word {
        "ml" | "cc" | "mililiter" | "milliliter" | "мл" | "مل" | "毫升" => metric(What::Volume, 1.0),
        "cl" => metric(What::Volume, 10.0),
        "dl" => metric(What::Volume, 100.0),
        "l" | "lt" | "ltr" | "liter" | "liters" | "litre" | "litres" | "litr" | "litro" | "л" | "لتر" | "ليتر" | "升" => metric(What::Volume, 1000.0),
        "gal" | "gallon" | "gallons" => imperial(What::Volume, 3785.41),
        "mg" | "мг" | "ملجم" | "ملغ" => metric(What::Mass, 0.001),
        "g" | "gr" | "gm" | "gram" | "grams" | "gramm" | "gramo" | "г" | "гр" | "جم" | "جرام" | "غرام" | "غ" | "克" => metric(What::Mass, 1.0),
        "kg" | "kgs" | "kilo" | "kilogram" | "kilogramm" | "кг" | "كجم" | "كغ" | "كيلو" | "公斤" | "千克" => metric(What::Mass, 1000.0),
        "oz" | "ounce" | "ounces" => imperial(What::Mass, 28.3495),
        "lb" | "lbs" | "pound" | "pounds" => imperial(What::Mass, 453.592),
        "mm" | "мм" | "مم" => metric(What::Length, 1.0),
        "cm" | "см" | "سم" => metric(What::Length, 10.0),
        "m" | "meter" | "meters" | "metre" | "metres" | "mtr" | "متر" => metric(What::Length, 1000.0),
        "inch" | "inches" | "inci" | "zoll" | "بوصة" => Some(INCH),
        "ft" | "feet" | "foot" => imperial(What::Length, 304.8),
        "kb" => metric(What::Memory, 0.001),
        "mb" => metric(What::Memory, 1.0),
        "gb" | "جيجا" => metric(What::Memory, 1000.0),
        "tb" => metric(What::Memory, 1_000_000.0),
        "mah" => metric(What::Charge, 1.0),
        "ah" => metric(What::Charge, 1000.0),
        "w" | "watt" | "watts" | "واط" => metric(What::Power, 1.0),
        "kw" => metric(What::Power, 1000.0),
        "v" | "volt" | "volts" | "فولت" => metric(What::Voltage, 1.0),
        "mhz" => metric(What::Frequency, 1.0),
        "ghz" => metric(What::Frequency, 1000.0),
        _ => unspaced_unit(word),
    }
}

/// Chinese and Japanese run on without spaces: a unit is what the word begins with.
fn unspaced_unit(word: &str) -> Option<Unit> {
    const UNITS: [(&str, What, f64); 10] = [
        ("ミリリットル", What::Volume, 1.0),
        ("リットル", What::Volume, 1000.0),
        ("ミリグラム", What::Mass, 0.001),
        ("キログラム", What::Mass, 1000.0),
        ("グラム", What::Mass, 1.0),
        ("キロ", What::Mass, 1000.0),
        ("ミリ", What::Length, 1.0),
        ("センチ", What::Length, 10.0),
        ("メートル", What::Length, 1000.0),
        ("インチ", What::Length, 25.4),
    ];
    UNITS.iter().find(|(name, ..)| word.starts_with(name)).and_then(|(_, what, scale)| metric(*what, *scale))
}

/// What is counted by a word that follows a number: "12 pcs", "30 Kapseln", "5枚".
#[rustfmt::skip]
pub(super) fn counted(word: &str) -> Option<What> {
    match word {
        "pcs" | "pc" | "pce" | "pieces" | "piece" | "stück" | "stuck" | "stk" | "buah" | "biji" | "bh" | "pack" | "packs" | "pak" | "packung"
        | "bungkus" | "botol" | "bottles" | "bottle" | "flaschen" | "count" | "ct" | "er" | "rolls" | "roll" | "rollen" | "gulung" | "unidades" | "uds"
        | "cans" | "kaleng" | "dosen" | "box" | "boxes" | "sachet" | "sachets" | "sachset" | "beutel" | "шт" | "штук" | "قطعة" | "قطع" | "عبوة" | "عبوات"
        | "pairs" | "pasang" | "paar" => Some(What::Count),
        "tablet" | "tablets" | "tabletten" | "kapsul" | "kapseln" | "caps" | "capsules" | "capsule" | "softgels" | "pills"
        | "حبة" | "حبات" | "كبسولة" | "قرص" => Some(What::Doses),
        "lembar" | "lbr" | "sheets" | "sheet" | "blatt" | "ورقة" => Some(What::Sheets),
        _ => {
            let begins = |names: &[&str]| names.iter().any(|name| word.starts_with(name));
            if begins(&["個", "本", "袋", "箱", "セット", "パック", "缶", "入", "个", "瓶", "包", "件", "개"]) {
                Some(What::Count)
            } else if begins(&["錠", "粒", "カプセル", "片"]) {
                Some(What::Doses)
            } else if begins(&["枚", "張", "张"]) {
                Some(What::Sheets)
            } else {
                None
            }
        }
    }
}

/// Words that announce a count: "isi 12", "x3".
pub(super) fn announces_count(word: &str) -> bool {
    matches!(word, "isi" | "x" | "inhalt" | "qty" | "عدد")
}

/// Words before "of" and a count: "pack of 6".
pub(super) fn holds(word: &str) -> bool {
    matches!(word, "pack" | "set" | "box" | "lot" | "case" | "bundle" | "carton" | "bag" | "packs")
}

/// What kind of clothing size a word announces, if it does.
pub(super) fn announces_size(word: &str) -> Option<What> {
    match word {
        "size" | "sz" | "ukuran" | "uk" | "gr" | "größe" | "groesse" | "taille" | "talla" | "مقاس"
        | "サイズ" => Some(What::Size),
        "eu" | "eur" => Some(What::EuropeanSize),
        _ => None,
    }
}
