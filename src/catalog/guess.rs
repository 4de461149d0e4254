//! Guesses which column plays which role, from the columns' names and what their cells look like.

use std::collections::HashSet;

use super::images::looks_like_picture;
use super::raw_table::RawTable;
use super::text_column::TextColumn;
use super::{ColumnMap, Role};

/// How many rows are looked at.
const SAMPLE_ROWS: usize = 1000;
/// The least score with which a column plays a role.
const LEAST_SCORE: f32 = 1.0;

const ID_NAMES: &[&str] = &[
    "postingid",
    "id",
    "sku",
    "productid",
    "itemid",
    "listingid",
    "offerid",
    "articleid",
    "uid",
    "uuid",
    "key",
    "asin",
    "code",
    "itemcode",
    "productcode",
    "articlenumber",
    "ean",
    "gtin",
    "handle",
];
const IMAGE_NAMES: &[&str] = &[
    "image",
    "img",
    "picture",
    "photo",
    "imagepath",
    "imagefile",
    "imagename",
    "imageurl",
    "imagelink",
    "imgpath",
    "filename",
    "file",
    "filepath",
    "path",
    "pic",
    "thumbnail",
    "mainimage",
    "bild",
    "foto",
    "gambar",
];
const TITLE_NAMES: &[&str] = &[
    "title",
    "name",
    "productname",
    "producttitle",
    "itemname",
    "itemtitle",
    "postingtitle",
    "listingtitle",
    "productdisplayname",
    "caption",
    "titel",
    "nama",
    "titre",
    "nombre",
];
const TEXT_NAMES: &[&str] = &["description", "text", "productdescription", "desc", "content"];
const GROUP_NAMES: &[&str] = &[
    "labelgroup",
    "group",
    "groupid",
    "grouplabel",
    "cluster",
    "clusterid",
    "productgroup",
    "family",
    "parentid",
    "parentsku",
    "modelid",
    "matchid",
    "duplicategroup",
    "entityid",
    "label",
    "class",
];

/// What the sampled cells of a column look like; shares are of the filled cells.
#[derive(Debug)]
struct Look {
    filled: f32,
    pictures: f32,
    distinct: f32,
    codes: f32,
    mean_words: f32,
    mean_letters: f32,
    has_letters: f32,
}

impl Look {
    fn of(cells: &TextColumn) -> Self {
        let n_rows = cells.n_cells().min(SAMPLE_ROWS);
        let filled: Vec<&str> =
            (0..n_rows).map(|row| cells.get(row).trim()).filter(|cell| !cell.is_empty()).collect();
        let n_filled = filled.len().max(1) as f32;
        let share =
            |test: &dyn Fn(&str) -> bool| filled.iter().filter(|cell| test(cell)).count() as f32 / n_filled;
        let mean = |measure: &dyn Fn(&str) -> usize| {
            filled.iter().map(|cell| measure(cell)).sum::<usize>() as f32 / n_filled
        };
        Self {
            filled: filled.len() as f32 / n_rows.max(1) as f32,
            pictures: share(&looks_like_picture),
            distinct: filled.iter().collect::<HashSet<_>>().len() as f32 / n_filled,
            codes: share(&is_code),
            mean_words: mean(&|cell| cell.split_whitespace().count()),
            mean_letters: mean(&|cell| cell.chars().count()),
            has_letters: share(&|cell| cell.chars().any(char::is_alphabetic)),
        }
    }
}

/// Letters, digits and joints, without a space or a decimal point.
fn is_code(cell: &str) -> bool {
    cell.len() <= 64
        && cell
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '/' | ':' | '#'))
}

/// The best column for each role; a column plays at most one.
pub(super) fn guess_columns(table: &RawTable) -> ColumnMap {
    let looks: Vec<Look> = table.cells.iter().map(Look::of).collect();
    let mut map = ColumnMap::default();
    let mut taken = HashSet::new();
    // Pictures and titles are the surest, and what is left may be ids and labels.
    for role in [Role::Image, Role::Title, Role::Group, Role::Id] {
        let mut best: Option<(f32, usize)> = None;
        for (column, (name, look)) in table.columns.iter().zip(&looks).enumerate() {
            let score = score(role, name, look, column);
            let beats = best.is_none_or(|(most, _)| score > most);
            if score >= LEAST_SCORE && beats && !taken.contains(&column) {
                best = Some((score, column));
            }
        }
        if let Some((_, column)) = best {
            taken.insert(column);
            map.set(role, table.columns.get(column).cloned());
        }
    }
    map
}

fn score(role: Role, name: &str, look: &Look, column: usize) -> f32 {
    let name: String =
        name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    // Earlier names in a list are the more usual ones.
    let named = |names: &[&str], weight: f32| {
        names.iter().position(|known| *known == name).map_or(0.0, |at| weight - 0.01 * at as f32)
    };
    match role {
        Role::Image => {
            let content = if look.pictures >= 0.5 { 2.0 } else { 0.0 };
            named(IMAGE_NAMES, 1.5) + content
        }
        Role::Title => {
            if look.pictures >= 0.5 {
                return 0.0;
            }
            let is_prose = look.mean_words >= 2.0 && look.has_letters >= 0.5;
            let content = match look.mean_letters {
                _ if !is_prose => 0.0,
                letters if letters <= 200.0 => 1.1,
                _ => 1.0,
            };
            named(TITLE_NAMES, 3.0).max(named(TEXT_NAMES, 1.05)) + content
        }
        Role::Group => {
            let content = if look.distinct < 0.98 { 0.3 } else { 0.0 };
            let given = named(GROUP_NAMES, 1.5);
            if given > 0.0 { given + content } else { 0.0 }
        }
        Role::Id => {
            let is_unique = look.filled == 1.0 && look.distinct == 1.0;
            let given = named(ID_NAMES, 1.5);
            match (given > 0.0, is_unique) {
                (true, true) => given + 1.0,
                // Most rows differ: an id with some repeats. Otherwise it names products, not postings.
                (true, false) if look.distinct >= 0.9 && look.filled >= 0.9 => given,
                (true, false) => 0.0,
                // An unknown first column of distinct codes is nearly always the id.
                (false, true) if column == 0 && look.codes == 1.0 && look.mean_letters >= 1.0 => 1.0,
                (false, _) => 0.0,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::guess_columns;
    use crate::catalog::formats::read_delimited;

    /// Expected: id, image, title, group; empty where no column plays the role.
    fn check(csv: &str, expected: [&str; 4]) {
        let map = guess_columns(&read_delimited(csv, 100));
        let found = [map.id, map.image, map.title, map.group].map(Option::unwrap_or_default);
        assert_eq!(found, expected, "{csv}");
    }

    #[test]
    fn names_and_content_decide() {
        check(
            "posting_id,image,image_phash,title,label_group\np1,a.jpg,b94c,Red tea 5 g,249114794\np2,b.jpg,b94d,Blue cup set,249114794\n",
            ["posting_id", "image", "title", "label_group"],
        );
        check(
            "SKU;Produktname;Foto\n1;Rote Tasse;x/a.png\n2;Blaue Tasse;x/b.png\n",
            ["SKU", "Foto", "Produktname", ""],
        );
        check("c1,c2,c3\nk1,p/a.webp,Long red dress\nk2,p/b.webp,Short blue dress\n", ["c1", "c2", "c3", ""]);
        check(
            "id|name|description|price\n0|Sony PSLX350H|A long text of many words|1.5\n1|Bose AM|B long text|2\n",
            ["id", "", "name", ""],
        );
        check(
            "title,description,price\nCup,\"a red cup, large\",3\nTea,green tea from far,4\n",
            ["", "", "title", ""],
        );
        check("product_id,photo,name\n7,a.jpg,Cup\n7,b.jpg,Cup\n8,c.jpg,Tea\n", ["", "photo", "name", ""]);
        check("a,b,c\n1,2,3\n4,5,6\n", ["a", "", "", ""]);
        check("left,right\naaz,mqw\nabh,cdx\n", ["left", "", "", ""]);
        check("description\n\"some words, here\"\n", ["", "", "description", ""]);
    }
}
