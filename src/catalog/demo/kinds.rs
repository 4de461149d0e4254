//! The kinds of things on sale: one line a kind, with its family, its sizes and its name in seven
//! languages.

use super::families::Family;
use super::icons::Motif;
use super::names::Domain;

/// In what the variants of one product line differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variants {
    /// Contents; the picture does not show which.
    Sizes(&'static [&'static str]),
    /// Colours; the picture shows which.
    Colors,
    /// Model codes or what it fits; the picture does not show which.
    Models(&'static [&'static str]),
}

/// A kind of thing.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) id: &'static str,
    pub(super) family: Family,
    pub(super) domain: Domain,
    pub(super) motifs: &'static [Motif],
    pub(super) variants: Variants,
    /// Price in euro cents of the smallest size.
    pub(super) cents: u32,
    /// In the order of `words::LANGUAGES`; the English one is printed on the package.
    pub(super) nouns: [&'static str; 7],
}

const ML: Variants = Variants::Sizes(&["250 ml", "400 ml", "750 ml", "1 L"]);
const SMALL_ML: Variants = Variants::Sizes(&["50 ml", "75 ml", "100 ml", "150 ml"]);
const GRAMS: Variants = Variants::Sizes(&["200 g", "350 g", "500 g", "1 kg"]);
const DRINK: Variants = Variants::Sizes(&["250 ml", "330 ml", "500 ml"]);
const PHONES: Variants =
    Variants::Models(&["Nuvo 12", "Nuvo 12 Pro", "Nuvo 13", "Zeta S21", "Zeta S22", "Zeta A54"]);
const CODES: Variants = Variants::Models(&["240", "260", "300", "320 Pro", "450", "500 Pro"]);

const fn kind(
    id: &'static str,
    family: Family,
    domain: Domain,
    motifs: &'static [Motif],
    variants: Variants,
    cents: u32,
    nouns: [&'static str; 7],
) -> Kind {
    Kind { id, family, domain, motifs, variants, cents, nouns }
}

/// Every kind.
#[rustfmt::skip]
pub(super) const KINDS: [Kind; 36] = [
    kind("jam", Family::Jar, Domain::Food, &[Motif::Berry, Motif::Citrus], GRAMS, 349, ["Strawberry Jam", "Selai Stroberi", "Erdbeermarmelade", "Confiture de Fraises", "Mermelada de Fresa", "いちごジャム", "مربى الفراولة"]),
    kind("sneakers", Family::Sneaker, Domain::Wear, &[Motif::Star, Motif::Peak, Motif::Bolt, Motif::Wave], Variants::Colors, 4990, ["Sneakers", "Sepatu Sneakers", "Turnschuhe", "Baskets", "Zapatillas", "スニーカー", "حذاء رياضي"]),
    kind("shampoo", Family::Bottle, Domain::Care, &[Motif::Leaf, Motif::Flower, Motif::Drop], ML, 599, ["Shampoo", "Sampo", "Haarshampoo", "Shampooing", "Champú", "シャンプー", "شامبو"]),
    kind("phone-case", Family::Phone, Domain::Gear, &[Motif::Heart, Motif::Flower, Motif::Moon, Motif::Star, Motif::Wave, Motif::Paw], PHONES, 990, ["Phone Case", "Casing HP", "Handyhülle", "Coque Téléphone", "Funda Móvil", "スマホケース", "غطاء هاتف"]),
    kind("coffee", Family::Pouch, Domain::Food, &[Motif::Bean, Motif::Peak, Motif::Sun], GRAMS, 890, ["Coffee Beans", "Biji Kopi", "Kaffeebohnen", "Café en Grains", "Café en Grano", "コーヒー豆", "حبوب قهوة"]),
    kind("mug", Family::Mug, Domain::Home, &[Motif::Heart, Motif::Star, Motif::Leaf, Motif::Fish, Motif::Moon, Motif::Paw], Variants::Colors, 1290, ["Ceramic Mug", "Gelas Mug Keramik", "Keramiktasse", "Tasse Céramique", "Taza Cerámica", "マグカップ", "كوب سيراميك"]),
    kind("headphones", Family::Headphones, Domain::Gear, &[Motif::Bolt, Motif::Wave, Motif::Star], CODES, 5990, ["Wireless Headphones", "Headphone Bluetooth", "Bluetooth Kopfhörer", "Casque Bluetooth", "Auriculares Bluetooth", "ワイヤレスヘッドホン", "سماعات بلوتوث"]),
    kind("t-shirt", Family::Shirt, Domain::Wear, &[Motif::Sun, Motif::Wave, Motif::Peak, Motif::Heart, Motif::Star], Variants::Colors, 1990, ["T-Shirt", "Kaos Oblong", "T-Shirt Baumwolle", "T-Shirt Coton", "Camiseta", "Tシャツ", "تيشيرت قطن"]),
    kind("green-tea", Family::Box, Domain::Food, &[Motif::Leaf, Motif::Peak, Motif::Drop], Variants::Sizes(&["20 bags", "40 bags", "100 bags"]), 449, ["Green Tea", "Teh Hijau", "Grüner Tee", "Thé Vert", "Té Verde", "緑茶", "شاي أخضر"]),
    kind("soda", Family::Can, Domain::Food, &[Motif::Citrus, Motif::Berry, Motif::Bolt, Motif::Wave], DRINK, 129, ["Sparkling Soda", "Minuman Soda", "Limonade", "Boisson Gazeuse", "Refresco", "炭酸飲料", "مشروب غازي"]),
    kind("toothpaste", Family::Tube, Domain::Care, &[Motif::Leaf, Motif::Star, Motif::Wave], SMALL_ML, 299, ["Toothpaste", "Pasta Gigi", "Zahnpasta", "Dentifrice", "Pasta de Dientes", "歯磨き粉", "معجون أسنان"]),
    kind("backpack", Family::Backpack, Domain::Wear, &[Motif::Peak, Motif::Leaf, Motif::Star, Motif::Paw], Variants::Colors, 3990, ["Backpack", "Tas Ransel", "Rucksack", "Sac à Dos", "Mochila", "リュックサック", "حقيبة ظهر"]),
    kind("desk-lamp", Family::Lamp, Domain::Home, &[Motif::Sun], CODES, 3490, ["LED Lamp", "Lampu Meja", "Tischlampe", "Lampe de Bureau", "Lámpara de Mesa", "デスクライト", "مصباح مكتب"]),
    kind("watch", Family::Watch, Domain::Gear, &[Motif::Star, Motif::Moon, Motif::Sun], Variants::Colors, 7990, ["Wrist Watch", "Jam Tangan", "Armbanduhr", "Montre", "Reloj de Pulsera", "腕時計", "ساعة يد"]),
    kind("soap", Family::Soap, Domain::Care, &[Motif::Flower, Motif::Leaf, Motif::Drop], Variants::Sizes(&["80 g", "100 g", "125 g"]), 199, ["Bar Soap", "Sabun Batang", "Seife", "Savon", "Jabón", "石けん", "صابون"]),
    kind("robot", Family::Toy, Domain::Kids, &[Motif::Star, Motif::Bolt, Motif::Heart], Variants::Colors, 2490, ["Toy Robot", "Mainan Robot", "Spielzeugroboter", "Robot Jouet", "Robot de Juguete", "ロボット おもちゃ", "روبوت لعبة"]),
    kind("sunglasses", Family::Sunglasses, Domain::Wear, &[Motif::Sun], Variants::Colors, 2990, ["Sunglasses", "Kacamata Hitam", "Sonnenbrille", "Lunettes de Soleil", "Gafas de Sol", "サングラス", "نظارة شمسية"]),
    kind("candle", Family::Candle, Domain::Home, &[Motif::Moon, Motif::Leaf, Motif::Flower, Motif::Grain], Variants::Sizes(&["120 g", "180 g", "300 g"]), 1490, ["Scented Candle", "Lilin Aromaterapi", "Duftkerze", "Bougie Parfumée", "Vela Aromática", "アロマキャンドル", "شمعة معطرة"]),
    kind("honey", Family::Jar, Domain::Food, &[Motif::Flower, Motif::Sun], GRAMS, 690, ["Pure Honey", "Madu Murni", "Bienenhonig", "Miel Pur", "Miel Pura", "はちみつ", "عسل طبيعي"]),
    kind("olive-oil", Family::Bottle, Domain::Food, &[Motif::Leaf, Motif::Sun, Motif::Drop], ML, 990, ["Olive Oil", "Minyak Zaitun", "Olivenöl", "Huile d'Olive", "Aceite de Oliva", "オリーブオイル", "زيت زيتون"]),
    kind("hand-cream", Family::Tube, Domain::Care, &[Motif::Flower, Motif::Heart, Motif::Leaf], SMALL_ML, 399, ["Hand Cream", "Krim Tangan", "Handcreme", "Crème Mains", "Crema de Manos", "ハンドクリーム", "كريم يدين"]),
    kind("cereal", Family::Box, Domain::Food, &[Motif::Grain, Motif::Sun, Motif::Berry], GRAMS, 379, ["Oat Cereal", "Sereal Gandum", "Hafer Müsli", "Céréales d'Avoine", "Cereales de Avena", "シリアル", "حبوب إفطار"]),
    kind("toy-car", Family::Toy, Domain::Kids, &[Motif::Bolt], Variants::Colors, 1290, ["Toy car", "Mobil Mainan", "Spielzeugauto", "Voiture Jouet", "Coche de Juguete", "ミニカー", "سيارة لعبة"]),
    kind("smartwatch", Family::Watch, Domain::Gear, &[Motif::Heart], CODES, 6990, ["Smartwatch", "Smartwatch Pria Wanita", "Smartwatch Uhr", "Montre Smartwatch", "Reloj Smartwatch", "スマートウォッチ", "ساعة ذكية"]),
    kind("tuna", Family::Can, Domain::Food, &[Motif::Fish, Motif::Wave], Variants::Sizes(&["80 g", "160 g", "185 g"]), 219, ["Tuna in Oil", "Ikan Tuna Kaleng", "Thunfisch in Öl", "Thon à l'Huile", "Atún en Aceite", "ツナ缶", "تونة بالزيت"]),
    kind("crisps", Family::Pouch, Domain::Food, &[Motif::Bolt, Motif::Sun, Motif::Grain], Variants::Sizes(&["68 g", "150 g", "200 g"]), 189, ["Potato Chips", "Keripik Kentang", "Kartoffelchips", "Chips de Pommes de Terre", "Patatas Fritas", "ポテトチップス", "رقائق بطاطس"]),
    kind("lotion", Family::Bottle, Domain::Care, &[Motif::Drop, Motif::Flower, Motif::Moon], ML, 749, ["Body Lotion", "Losion Badan", "Körperlotion", "Lait Corporel", "Loción Corporal", "ボディローション", "لوشن للجسم"]),
    kind("spread", Family::Jar, Domain::Food, &[Motif::Bean, Motif::Heart], GRAMS, 429, ["Hazelnut Spread", "Selai Cokelat Hazelnut", "Nuss Nougat Creme", "Pâte à Tartiner", "Crema de Avellanas", "ヘーゼルナッツスプレッド", "كريمة البندق"]),
    kind("bedside-lamp", Family::Lamp, Domain::Home, &[Motif::Moon], Variants::Colors, 2990, ["Bedside Lamp", "Lampu Tidur", "Nachttischlampe", "Lampe de Chevet", "Lámpara de Noche", "ベッドサイドランプ", "مصباح نوم"]),
    kind("cat-food", Family::Pouch, Domain::Home, &[Motif::Paw, Motif::Fish], GRAMS, 549, ["Cat Food", "Makanan Kucing", "Katzenfutter", "Croquettes Chat", "Comida para Gatos", "キャットフード", "طعام قطط"]),
    kind("vitamins", Family::Box, Domain::Care, &[Motif::Citrus, Motif::Sun, Motif::Bolt], Variants::Sizes(&["30 tablets", "60 tablets", "90 tablets"]), 899, ["Multivitamin", "Multivitamin Tablet", "Multivitamin Tabletten", "Multivitamines", "Multivitaminas", "マルチビタミン", "فيتامينات"]),
    kind("sun-cream", Family::Tube, Domain::Care, &[Motif::Sun, Motif::Wave], SMALL_ML, 899, ["Sunscreen", "Sunscreen Tabir Surya", "Sonnencreme", "Crème Solaire", "Protector Solar", "日焼け止め", "واقي شمس"]),
    kind("dish-soap", Family::Bottle, Domain::Home, &[Motif::Citrus, Motif::Leaf, Motif::Star], ML, 249, ["Dish Soap", "Sabun Cuci Piring", "Spülmittel", "Liquide Vaisselle", "Lavavajillas", "食器用洗剤", "سائل غسيل صحون"]),
    kind("cookies", Family::Box, Domain::Food, &[Motif::Heart, Motif::Star, Motif::Bean], Variants::Sizes(&["150 g", "250 g", "400 g"]), 279, ["Butter Cookies", "Kue Kering Mentega", "Butterkekse", "Biscuits au Beurre", "Galletas de Mantequilla", "バタークッキー", "بسكويت زبدة"]),
    kind("face-cream", Family::Jar, Domain::Care, &[Motif::Flower, Motif::Moon, Motif::Drop], SMALL_ML, 1290, ["Face Cream", "Krim Wajah", "Gesichtscreme", "Crème Visage", "Crema Facial", "フェイスクリーム", "كريم وجه"]),
    kind("espresso-cup", Family::Mug, Domain::Home, &[Motif::Bean, Motif::Heart, Motif::Sun], Variants::Sizes(&["90 ml", "120 ml", "300 ml"]), 890, ["Coffee Cup", "Cangkir Kopi", "Kaffeebecher", "Tasse à Café", "Taza de Café", "コーヒーカップ", "فنجان قهوة"]),
];

#[cfg(test)]
mod tests {
    use super::KINDS;
    use crate::catalog::demo::families::Family;

    #[test]
    fn kinds_are_complete_and_use_at_least_twelve_families() {
        let mut families: Vec<Family> = Vec::new();
        for kind in &KINDS {
            assert!(kind.nouns.iter().all(|noun| !noun.is_empty()), "{}", kind.id);
            assert!(!kind.motifs.is_empty() && kind.cents > 0, "{}", kind.id);
            assert_eq!(KINDS.iter().filter(|other| other.id == kind.id).count(), 1, "{}", kind.id);
            if !families.contains(&kind.family) {
                families.push(kind.family);
            }
        }
        assert!(families.len() >= 12, "{families:?}");
    }
}
