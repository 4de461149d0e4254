//! Invented names: brands, series, shops. Any likeness to a real trade mark is an accident.

/// What part of a shop a thing is found in; brands keep to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    Food,
    Care,
    Home,
    Gear,
    Wear,
    Kids,
}

impl Domain {
    /// Brands of this domain.
    pub(super) fn brands(self) -> &'static [&'static str] {
        match self {
            Self::Food => &[
                "Tavello",
                "Mornwick",
                "Kasumiro",
                "Brindaa",
                "Oldemar",
                "Pepitano",
                "Sundaro",
                "Velmonti",
                "Haruvia",
                "Nordhavn",
                "Rasanya",
                "Bellocchi",
                "Kopralto",
                "Zestiva",
                "Fernhollow",
                "Yumbrio",
                "Quintosa",
                "Havrekorn",
            ],
            Self::Care => &[
                "Aluvea",
                "Mirelbo",
                "Dermaluna",
                "Saponelle",
                "Calendova",
                "Oceannis",
                "Purewyn",
                "Silkaya",
                "Botavia",
                "Velourine",
                "Amarisse",
                "Lindenblu",
                "Kayori",
                "Freshmoor",
                "Tamanuu",
                "Clarevie",
            ],
            Self::Home => &[
                "Hyggelund",
                "Casavera",
                "Morandiq",
                "Wickhaus",
                "Terrafina",
                "Brumalis",
                "Ottoline",
                "Kilnworth",
                "Solstead",
                "Mapleroom",
                "Tessaro",
                "Lampoon",
            ],
            Self::Gear => &[
                "Korvix", "Zentaro", "Halberk", "Voltane", "Sonarix", "Pikseon", "Aerotide", "Nexuvo",
                "Tromsa", "Quillon", "Ohmari", "Byteford", "Lumetrik", "Radiyo", "Arcadyn", "Mokuton",
            ],
            Self::Wear => &[
                "Stradoo",
                "Ferrolane",
                "Wanderkin",
                "Ondaline",
                "Kestrelle",
                "Marrowe",
                "Junpaku",
                "Cobaltro",
                "Vespertin",
                "Lumbera",
                "Arroyal",
                "Sprintal",
                "Tramontane",
                "Foxglade",
                "Norrskog",
            ],
            Self::Kids => &[
                "Pimbo", "Zoomli", "Robokko", "Tuttifra", "Knobbly", "Wobblino", "Klikko", "Bambolo",
                "Rumbly", "Fizzgig",
            ],
        }
    }

    /// Series and flavours of this domain.
    pub(super) fn series(self) -> &'static [&'static str] {
        match self {
            Self::Food => &[
                "Classic", "Gold", "Garden", "Nonna", "Bio", "Royal", "Sunrise", "Old Town", "Harvest",
                "Extra", "Alpine", "Sakura", "Bazaar", "Village",
            ],
            Self::Care => &[
                "Aloe",
                "Argan",
                "Rose",
                "Mint",
                "Ocean",
                "Oat Milk",
                "Lavender",
                "Charcoal",
                "Lotus",
                "Vitamin C",
                "Cotton",
                "Jasmine",
                "Papaya",
                "Shea",
            ],
            Self::Home => &[
                "Moss", "Amber", "Linen", "Oslo", "Cedar", "Fig", "Nordic", "Clay", "Bloom", "Dusk",
                "Vanilla", "Sea Salt",
            ],
            Self::Gear => &[
                "Air", "Pulse", "Nova", "Edge", "Flow", "Prime", "Zero", "Core", "Orbit", "Vibe", "Lite",
                "Apex",
            ],
            Self::Wear => &[
                "Urban", "Trail", "Coast", "Retro", "Studio", "Summit", "Street", "Boreal", "Harbor", "Club",
                "Rally", "Dune",
            ],
            Self::Kids => &[
                "Turbo", "Buddy", "Junior", "Captain", "Zippy", "Comet", "Happy", "Rocket", "Jungle",
                "Pixel", "Bubble", "Dino",
            ],
        }
    }
}

/// Shops that sell anything.
pub(super) const SHOPS: [&str; 24] = [
    "Toko Melati",
    "Harbor Deals",
    "Kaufkiste",
    "Chez Lucie",
    "Mercado Sol",
    "さくら商店",
    "سوق النور",
    "GudangMurah88",
    "Nordlicht Shop",
    "BestBuyers",
    "La Boutique Bleue",
    "Casa Bonita",
    "TokyoSelect",
    "Dapur Ibu Rina",
    "PaketProfi",
    "Petit Prix",
    "Tienda Luna",
    "Everyday Bazaar",
    "Lapak Jaya",
    "Blue Whale Store",
    "みなとマーケット",
    "متجر الواحة",
    "Warung Digital",
    "Old Mill Outlet",
];

/// What shops print across their pictures; Latin letters only, as the bundled fonts have no others.
pub(super) const WATERMARKS: [&str; 8] = [
    "Toko Melati",
    "GudangMurah88",
    "Harbor Deals",
    "TokyoSelect",
    "Mercado Sol",
    "Lapak Jaya",
    "PaketProfi",
    "Petit Prix",
];
