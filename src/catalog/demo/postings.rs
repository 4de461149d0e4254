//! Who offers what: the postings of every product, each with its picture, its title and the truth about
//! both. Here it is decided where the picture alone fails and where the title alone does.

use super::edits::Edit;
use super::names::{SHOPS, WATERMARKS};
use super::picture::DemoPicture;
use super::rng::Rng;
use super::shot::Shot;
use super::titles::{self, Wording};
use super::words::{LANGUAGES, Language};
use super::world::{Product, products};

/// Names of the columns, in order; [`DemoPosting::cells`] follows it.
pub(super) const COLUMNS: [&str; 12] = [
    "posting_id",
    "image",
    "title",
    "label_group",
    "price",
    "seller",
    "url",
    "language",
    "category",
    "variant_of",
    "photo",
    "edits",
];

/// One posting with its truth.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DemoPosting {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) picture: DemoPicture,
    /// Postings of one product.
    pub(super) group: String,
    /// Products of one line; other sizes, colours and models of the same thing.
    pub(super) variant_of: String,
    pub(super) language: Language,
    pub(super) category: &'static str,
    pub(super) price: String,
    pub(super) seller: &'static str,
    /// "stock" (the manufacturer's picture) or "own".
    pub(super) photo: &'static str,
    /// What was done to the picture.
    pub(super) edits: String,
    /// Whether the title says what it is.
    pub(super) wording: Wording,
}

impl DemoPosting {
    /// Cells in the order of [`COLUMNS`].
    pub(super) fn cells(&self) -> [String; 12] {
        [
            self.key.clone(),
            self.image_path(),
            self.title.clone(),
            self.group.clone(),
            self.price.clone(),
            self.seller.to_owned(),
            format!("https://shop.example/{}/{}", self.category, self.key),
            self.language.code().to_owned(),
            self.category.to_owned(),
            self.variant_of.clone(),
            self.photo.to_owned(),
            self.edits.clone(),
        ]
    }

    /// Where `write` puts the picture, relative to the folder.
    pub(super) fn image_path(&self) -> String {
        format!("images/{}.jpg", self.key)
    }
}

/// Every posting, in a random but fixed order; keys are numbered in that order.
pub(super) fn postings(n_products: u32, seed: u64) -> Vec<DemoPosting> {
    let mut all = Vec::with_capacity(n_products as usize * 3);
    for (number, product) in products(n_products, seed).iter().enumerate() {
        let mut rng = Rng::stream(seed, 1_000_000_007 + number as u64);
        let group = format!("g{:04}", number + 1);
        // Group sizes 1 to 8, three on average.
        let n_postings = [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 8][rng.below(20) as usize];
        let home = language(&mut rng);
        let abroad = language(&mut rng);
        for which in 0..n_postings {
            all.push(posting(product, which, (home, abroad), &group, &mut rng));
        }
    }
    Rng::stream(seed, 2).shuffle(&mut all);
    for (number, posting) in all.iter_mut().enumerate() {
        posting.key = format!("demo-{:04}", number + 1);
    }
    all
}

fn language(rng: &mut Rng) -> Language {
    // English and Indonesian are met most.
    rng.pick(&[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6].map(|at: usize| LANGUAGES[at]))
}

fn posting(
    product: &Product,
    which: u32,
    (home, abroad): (Language, Language),
    group: &str,
    rng: &mut Rng,
) -> DemoPosting {
    // The first seller takes the manufacturer's picture as it is and says everything. After that a picture
    // that helps little comes with a title that helps, mostly, and the other way round.
    let own_photo = which > 0 && rng.chance(36);
    let (title_language, wording) = if which == 0 {
        (home, Wording::Full)
    } else if own_photo {
        (if rng.chance(92) { home } else { abroad }, Wording::Full)
    } else if rng.chance(20) {
        (if rng.chance(90) { home } else { abroad }, Wording::Generic)
    } else {
        (if rng.chance(42) { home } else { abroad }, Wording::Full)
    };
    let watermark = rng.pick(&WATERMARKS);
    let (shot, edits) = if own_photo {
        let edits = if rng.chance(35) { Edit::random_list(rng, watermark) } else { Vec::new() };
        (Shot::own(rng), edits.into_iter().take(1).collect())
    } else if which == 0 {
        (product.stock, Vec::new())
    } else {
        let edits = Edit::random_list(rng, watermark);
        (product.stock, if wording == Wording::Generic { Edit::gentlest(edits) } else { edits })
    };
    let edit_names: Vec<&str> = edits.iter().map(Edit::name).collect();
    DemoPosting {
        key: String::new(),
        title: titles::write(product, title_language, wording, rng),
        group: group.to_owned(),
        variant_of: format!("line-{:04}", product.line + 1),
        language: title_language,
        category: product.kind.id,
        price: titles::price(product, title_language, rng),
        seller: rng.pick(&SHOPS),
        photo: if own_photo { "own" } else { "stock" },
        edits: edit_names.join(", "),
        wording,
        picture: DemoPicture { look: product.look.clone(), shot, edits },
    }
}
