//! Titles as sellers write them: seven languages, any word order, units glued or not, praise, typos,
//! emoji, and titles that say nothing at all.

use super::rng::Rng;
use super::words::{COLORS, EMOJI, EXTRAS, GENERIC, Language, PIECES, USES};
use super::world::{Product, Variant};

/// How much a title says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wording {
    /// Brand, series, name, variant.
    Full,
    /// Only the name of the thing and praise; shared by different products.
    Generic,
}

/// Writes one title.
pub(super) fn write(product: &Product, language: Language, wording: Wording, rng: &mut Rng) -> String {
    let noun = product.kind.nouns[language.at()];
    if wording == Wording::Generic {
        return rng.pick(&GENERIC[language.at()]).replace("{}", noun);
    }
    let name = vec![product.brand.to_owned(), product.series.to_owned()];
    let mut parts: Vec<String> = Vec::new();
    // German, French and Spanish put the name of the thing before or after the brand; all orders are met.
    if rng.chance(62) {
        parts.extend(name);
        parts.push(noun.to_owned());
    } else if rng.chance(50) {
        parts.push(noun.to_owned());
        parts.extend(name);
    } else {
        let mut name = name;
        name.reverse();
        parts.extend(name);
        parts.insert(1, noun.to_owned());
    }
    let variant = variant_words(product, language, rng);
    let at = if rng.chance(75) { parts.len() } else { 1 };
    parts.insert(at, variant);
    if rng.chance(20) {
        parts.push(rng.pick(USES[language.at()]).to_owned());
    }
    let n_extras = rng.pick(&[0, 0, 0, 1, 1, 2]);
    for _ in 0..n_extras {
        let extra = rng.pick(common_extras(language)).to_owned();
        if !parts.contains(&extra) {
            parts.push(extra);
        }
    }
    if rng.chance(7) {
        let pieces = PIECES[language.at()].replace("{}", &rng.range(2, 6).to_string());
        parts.push(pieces);
    }
    finish(parts, language, rng)
}

/// The praise that most sellers end with; the rarer kinds stand in brackets before a title.
fn common_extras(language: Language) -> &'static [&'static str] {
    let all = EXTRAS[language.at()];
    all.get(..5).unwrap_or(all)
}

/// Size, colour or model in the language's own words.
fn variant_words(product: &Product, language: Language, rng: &mut Rng) -> String {
    match product.variant {
        Variant::Size(size, _) => {
            let size = match language {
                Language::Indonesian => size.replace("bags", "kantong").replace("tablets", "tablet"),
                Language::German => size.replace("bags", "Beutel").replace("tablets", "Tabletten"),
                Language::French => size.replace("bags", "sachets").replace("tablets", "comprimés"),
                Language::Spanish => size.replace("bags", "bolsitas").replace("tablets", "comprimidos"),
                Language::Japanese => size.replace("bags", "袋").replace("tablets", "粒"),
                Language::Arabic => size.replace("bags", "كيس").replace("tablets", "قرص"),
                Language::English => size.to_owned(),
            };
            match rng.below(5) {
                0 | 1 => size.replace(' ', ""),
                2 => size.to_uppercase(),
                _ => size,
            }
        }
        Variant::Color(color) => COLORS.get(color).map_or("", |words| words[language.at()]).to_owned(),
        Variant::Model(model) if product.kind.id == "phone-case" => {
            let fits = ["for", "untuk", "für", "pour", "para", "対応", "لهاتف"][language.at()];
            if language == Language::Japanese { format!("{model} {fits}") } else { format!("{fits} {model}") }
        }
        Variant::Model(model) => {
            let [a, b] = product.code;
            if rng.chance(60) { format!("{a}{b}-{model}") } else { format!("{a}{b}{model}") }
        }
    }
}

/// Joins the parts, with the habits of a seller's keyboard.
fn finish(parts: Vec<String>, language: Language, rng: &mut Rng) -> String {
    let separator = match rng.below(10) {
        0 => " - ",
        1 => ", ",
        2 => " | ",
        _ => " ",
    };
    let mut title = parts.join(" ");
    if separator != " "
        && let Some((last, rest)) = parts.split_last()
    {
        title = format!("{}{separator}{last}", rest.join(" "));
    }
    if rng.chance(6) {
        title = typo(&title, rng);
    }
    let has_cases = !matches!(language, Language::Japanese | Language::Arabic);
    if has_cases {
        match rng.below(12) {
            0 => title = title.to_uppercase(),
            1 | 2 => title = title.to_lowercase(),
            _ => {}
        }
    }
    match rng.below(16) {
        0 => format!("{} {title}", rng.pick(&EMOJI)),
        1 => format!("{title} {}{}", rng.pick(&EMOJI), rng.pick(&EMOJI)),
        2 if language == Language::Japanese => format!("【{}】{title}", rng.pick(EXTRAS[language.at()])),
        2 => format!("[{}] {title}", rng.pick(EXTRAS[language.at()])),
        _ => title,
    }
}

/// Swaps or doubles one letter somewhere after the first.
fn typo(title: &str, rng: &mut Rng) -> String {
    let mut letters: Vec<char> = title.chars().collect();
    let places: Vec<usize> = letters
        .windows(2)
        .zip(1..)
        .filter(|(pair, _)| pair.iter().all(|letter| letter.is_ascii_lowercase()))
        .map(|(_, place)| place)
        .collect();
    if places.is_empty() {
        return title.to_owned();
    }
    let place = rng.pick(&places);
    if rng.chance(50) {
        letters.swap(place - 1, place);
    } else {
        letters.insert(place, letters[place]);
    }
    letters.into_iter().collect()
}

/// A price as the language's country writes it.
pub(super) fn price(product: &Product, language: Language, rng: &mut Rng) -> String {
    let rank = match product.variant {
        Variant::Size(_, rank) => rank,
        Variant::Color(_) | Variant::Model(_) => 0,
    };
    let cents = product.kind.cents * (100 + 55 * rank) / 100 * rng.range(85, 118) as u32 / 100;
    let (whole, rest) = (cents / 100, cents % 100);
    match language {
        Language::English => format!("${whole}.{rest:02}"),
        Language::Indonesian => {
            let rupiah = cents * 17 / 100;
            format!("Rp {}.{}00", rupiah.max(1), cents % 10)
        }
        Language::German | Language::French | Language::Spanish => format!("{whole},{rest:02} €"),
        Language::Japanese => format!("¥{}", cents * 16 / 100 * 10),
        Language::Arabic => format!("{}.{rest:02} AED", whole * 4),
    }
}

#[cfg(test)]
mod tests {
    use super::{Wording, typo, write};
    use crate::catalog::demo::rng::Rng;
    use crate::catalog::demo::words::{LANGUAGES, Language};
    use crate::catalog::demo::world::{Variant, products};

    #[test]
    fn a_full_title_names_the_brand_and_the_size() {
        let mut rng = Rng::new(5);
        for product in &products(60, 7) {
            let title = write(product, Language::English, Wording::Full, &mut rng).to_lowercase();
            // A typo may sit in one of the words, not in all of them.
            let words = [product.brand, product.series, product.kind.nouns[0]];
            let n_found = words.iter().filter(|word| title.contains(&word.to_lowercase())).count();
            assert!(n_found >= 2, "{title}");
            if let Variant::Size(size, _) = product.variant {
                let number = size.split(' ').next().unwrap_or_default();
                assert!(title.contains(number), "{title}");
            }
        }
    }

    #[test]
    fn generic_titles_name_no_brand() {
        let mut rng = Rng::new(6);
        for product in &products(60, 7) {
            for language in LANGUAGES {
                let title = write(product, language, Wording::Generic, &mut rng);
                assert!(!title.contains(product.brand) && !title.contains("{}"), "{title}");
            }
        }
    }

    #[test]
    fn a_typo_changes_at_most_one_place() {
        let mut rng = Rng::new(9);
        for _ in 0..50 {
            let wrong = typo("Hazelnut Spread", &mut rng);
            assert!((15..=16).contains(&wrong.chars().count()), "{wrong}");
        }
        assert_eq!(typo("茶 500", &mut rng), "茶 500");
    }
}
