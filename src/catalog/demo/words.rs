//! The words of seven languages in which the demo's sellers write: colours, praise, templates. Every
//! array of seven follows the order of [`Language`].

/// A seller's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Indonesian,
    German,
    French,
    Spanish,
    Japanese,
    Arabic,
}

/// Every language, in the order of all tables here.
pub(super) const LANGUAGES: [Language; 7] = [
    Language::English,
    Language::Indonesian,
    Language::German,
    Language::French,
    Language::Spanish,
    Language::Japanese,
    Language::Arabic,
];

impl Language {
    /// Index into every array of seven.
    pub(super) fn at(self) -> usize {
        self as usize
    }

    /// ISO 639-1.
    pub(super) fn code(self) -> &'static str {
        ["en", "id", "de", "fr", "es", "ja", "ar"][self.at()]
    }
}

/// Colour words in the order of `palette::SOLD_COLORS`.
pub(super) const COLORS: [[&str; 7]; 10] = [
    ["Black", "Hitam", "Schwarz", "Noir", "Negro", "ブラック", "أسود"],
    ["White", "Putih", "Weiß", "Blanc", "Blanco", "ホワイト", "أبيض"],
    ["Red", "Merah", "Rot", "Rouge", "Rojo", "レッド", "أحمر"],
    ["Blue", "Biru", "Blau", "Bleu", "Azul", "ブルー", "أزرق"],
    ["Green", "Hijau", "Grün", "Vert", "Verde", "グリーン", "أخضر"],
    ["Yellow", "Kuning", "Gelb", "Jaune", "Amarillo", "イエロー", "أصفر"],
    ["Pink", "Pink", "Rosa", "Rose", "Rosa", "ピンク", "وردي"],
    ["Grey", "Abu-abu", "Grau", "Gris", "Gris", "グレー", "رمادي"],
    ["Brown", "Coklat", "Braun", "Marron", "Marrón", "ブラウン", "بني"],
    ["Purple", "Ungu", "Lila", "Violet", "Morado", "パープル", "بنفسجي"],
];

/// What sellers add to any title.
pub(super) const EXTRAS: [&[&str]; 7] = [
    &[
        "Free Shipping",
        "Original",
        "Best Quality",
        "New",
        "Fast Delivery",
        "Gift Idea",
        "Top Seller",
        "In Stock",
        "Genuine",
        "Limited Offer",
    ],
    &[
        "Murah",
        "Original",
        "Termurah",
        "Ready Stock",
        "Bisa COD",
        "Best Seller",
        "Gratis Ongkir",
        "Terbaru",
        "Promo",
        "Kualitas Terbaik",
        "Grosir",
        "Termasuk Bubble Wrap",
    ],
    &[
        "Neu",
        "OVP",
        "Original",
        "Schneller Versand",
        "Top Qualität",
        "Geschenkidee",
        "Sofort lieferbar",
        "Angebot",
        "Versandkostenfrei",
    ],
    &[
        "Neuf",
        "Original",
        "Livraison Rapide",
        "Promo",
        "Idée Cadeau",
        "Meilleure Qualité",
        "En Stock",
        "Offre Spéciale",
    ],
    &[
        "Nuevo",
        "Original",
        "Envío Gratis",
        "Oferta",
        "Mejor Precio",
        "Calidad",
        "Regalo",
        "En Stock",
        "Entrega Rápida",
    ],
    &["送料無料", "新品", "正規品", "人気", "ギフト", "セール", "即納", "限定"],
    &["أصلي", "جديد", "توصيل سريع", "عرض خاص", "جودة عالية", "شحن مجاني"],
];

/// Titles that say nothing: `{}` is the name of the thing. Few a language, so that different products meet
/// under the same title.
pub(super) const GENERIC: [[&str; 2]; 7] = [
    ["New {} free shipping", "{} best quality"],
    ["{} murah terbaru", "{} bisa COD"],
    ["{} günstig Top Angebot", "{} neu Angebot"],
    ["{} pas cher promo", "{} neuf promo"],
    ["{} barato oferta", "{} nuevo"],
    ["人気 {} 送料無料", "{} 新品 即納"],
    ["{} رخيص عرض خاص", "{} جودة عالية"],
];

/// Emoji that sellers decorate with.
pub(super) const EMOJI: [&str; 9] = ["🔥", "✨", "⭐", "🎁", "💯", "🚚", "❤", "✅", "🌿"];

/// How a number of pieces is written; `{}` is the number.
pub(super) const PIECES: [&str; 7] =
    ["Pack of {}", "isi {} pcs", "{} Stück", "Lot de {}", "Pack de {}", "{}個セット", "{} قطع"];

/// Filler that describes the thing's use, by language; keeps titles from being equal by accident.
pub(super) const USES: [&[&str]; 7] = [
    &["for Home", "for Men and Women", "for Daily Use", "for Travel", "Everyday", "for Kids and Adults"],
    &["untuk Rumah", "Pria Wanita", "Harian", "untuk Travel", "Kekinian", "Anak dan Dewasa"],
    &["für Zuhause", "Damen Herren", "für den Alltag", "für Reisen", "Kinder Erwachsene"],
    &["pour la Maison", "Homme Femme", "Quotidien", "Voyage", "Enfants et Adultes"],
    &["para Casa", "Hombre Mujer", "Uso Diario", "para Viaje", "Niños y Adultos"],
    &["家庭用", "メンズ レディース", "毎日使える", "旅行用", "おしゃれ"],
    &["للمنزل", "رجالي نسائي", "للاستخدام اليومي", "للسفر"],
];
