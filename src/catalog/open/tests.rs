//! Whole catalogues, from files on disk.
#![allow(clippy::unwrap_used, reason = "a test that cannot write its own folder should stop")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::{any, prop, proptest};

use super::{CatalogSource, OpenOptions, open, preview, read_bytes};
use crate::catalog::{Catalog, CatalogError, ColumnMap, ImageSource, PostingIdx, ProblemKind, TitleMode};

/// A folder with these files, and the catalogue opened from the first.
struct Opened {
    dir: tempfile::TempDir,
    result: Result<Catalog, CatalogError>,
}

impl Opened {
    fn new(files: &[(&str, &[u8])], options: &OpenOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let source = CatalogSource::File(dir.path().join(files[0].0));
        Self { result: open(&source, options), dir }
    }

    fn catalog(&self) -> &Catalog {
        self.result.as_ref().unwrap()
    }

    fn keys(&self) -> Vec<&str> {
        let catalog = self.catalog();
        catalog.postings().map(|posting| catalog.key(posting)).collect()
    }

    fn titles(&self) -> Vec<&str> {
        let catalog = self.catalog();
        catalog.postings().map(|posting| catalog.title(posting)).collect()
    }

    /// Kind, row and number of rows of each problem.
    fn problems(&self) -> Vec<(ProblemKind, Option<u64>, u64)> {
        self.catalog().problems().iter().map(|problem| (problem.kind, problem.row, problem.n_rows)).collect()
    }
}

fn table(text: &str) -> Opened {
    Opened::new(&[("table.csv", text.as_bytes())], &OpenOptions::default())
}

#[test]
fn a_shopee_table_is_read_whole() {
    let text = "posting_id,image,image_phash,title,label_group\r\n\
        p1,a.jpg,94974f937d4c2433,\"Cup, red\",24911479400\r\n\
        p2,b.jpg,94974f937d4c2433,Nescafe \\xc3\\x89clair,24911479400\r\n";
    let mut files: Vec<(&str, &[u8])> = vec![("train.csv", text.as_bytes()), ("train_images/a.jpg", b"")];
    files.push(("train_images/b.jpg", b""));
    let opened = Opened::new(&files, &OpenOptions::default());
    let catalog = opened.catalog();
    assert_eq!(catalog.name(), "train");
    assert_eq!(opened.keys(), ["p1", "p2"]);
    assert_eq!(opened.titles(), ["Cup, red", "Nescafe Éclair"]);
    assert_eq!(catalog.raw_title(PostingIdx(1)), r"Nescafe \xc3\x89clair");
    assert_eq!(catalog.group(PostingIdx(0)), Some("24911479400"));
    assert_eq!(catalog.cell(PostingIdx(1), 2), "94974f937d4c2433");
    assert_eq!(catalog.image(PostingIdx(1)), ImageSource::File(opened.dir.path().join("train_images/b.jpg")));
    assert!(catalog.problems().is_empty(), "{:?}", catalog.problems());
    let raw = OpenOptions { titles: TitleMode::Raw, ..OpenOptions::default() };
    assert_eq!(Opened::new(&files, &raw).titles()[1], r"Nescafe \xc3\x89clair");
}

#[test]
fn formats_are_told_by_content() {
    let shown = |text: &str| {
        let opened = table(text);
        preview(&opened.dir.path().join("table.csv")).map(|preview| preview.map(|preview| preview.format))
    };
    assert_eq!(shown("posting_id,title\n1,red cup\n").unwrap(), Some("shopee"));
    assert_eq!(shown("{\"title\":\"red cup\"}\n").unwrap(), Some("jsonl"));
    assert_eq!(shown("sku\ttitle\n1\tred cup\n").unwrap(), Some("table"));
    assert!(matches!(shown(""), Err(CatalogError::UnknownFormat { .. })));
    assert!(matches!(shown(" \r\n\n"), Err(CatalogError::UnknownFormat { .. })));
    assert!(matches!(shown("\u{feff}"), Err(CatalogError::UnknownFormat { .. })));
    assert!(matches!(preview(Path::new("/no/such/file")), Err(CatalogError::Unreadable { .. })));
    assert_eq!(preview(tempfile::tempdir().unwrap().path()).unwrap().map(|preview| preview.format), None);
    assert_eq!(shown("a,b\n1,2\n").unwrap(), Some("table"), "a table without usable columns is still shown");
    let error = table("a,b\n1,2\n").result.unwrap_err().to_string();
    assert!(error.contains("a, b") && error.contains("--map"), "{error}");
}

#[test]
fn a_preview_shows_ten_rows_and_the_guess() {
    let rows: String = (0..30).map(|row| format!("k{row};Red cup {row};{row}.jpg\n")).collect();
    let opened = table(&format!("sku;name;photo\n{rows}"));
    let preview = preview(&opened.dir.path().join("table.csv")).unwrap().unwrap();
    assert_eq!(preview.columns, ["sku", "name", "photo"]);
    assert_eq!((preview.rows.len(), preview.rows[9][1].as_str()), (10, "Red cup 9"));
    let expected = ColumnMap::parse("id=sku,title=name,image=photo").unwrap();
    assert_eq!(preview.guess, expected);
    assert_eq!(opened.catalog().column_map(), Some(&expected));
}

#[test]
fn a_given_map_is_taken_as_it_is() {
    let map =
        |text| OpenOptions { column_map: Some(ColumnMap::parse(text).unwrap()), ..OpenOptions::default() };
    let files: [(&str, &[u8]); 1] = [("t.csv", b"id,a,b\n1,x one,y one\n2,x two,y two\n")];
    let opened = Opened::new(&files, &map("title=b,group=a"));
    assert_eq!(opened.titles(), ["y one", "y two"]);
    assert_eq!(opened.catalog().group(PostingIdx(1)), Some("x two"));
    assert_ne!(opened.keys()[0], "1", "no id column was given");
    let wrong = Opened::new(&files, &map("title=c"));
    assert!(wrong.result.unwrap_err().to_string().contains("no column `c` for title"));
    assert!(matches!(Opened::new(&files, &map("id=a")).result, Err(CatalogError::NoUsableColumn { .. })));
}

#[test]
fn keys_without_an_id_column() {
    let by_image = table("image,name\na.jpg,Cup\nb.jpg,Tea\na.jpg,Pot\n");
    assert_eq!(by_image.keys(), ["a.jpg", "b.jpg", "a.jpg#2"]);
    let by_content = table("title,price\nred cup,1\nred cup,2\nred cup,1\n");
    let keys = by_content.keys();
    assert_eq!(keys[0].len(), 24);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(keys[2], format!("{}#2", keys[0]));
    assert!(by_content.catalog().problems().is_empty());
    let again = table("title,price\nblue cup,9\nred cup,1\n");
    assert_eq!(again.keys()[1], keys[0], "a key does not depend on the row's place");
}

#[test]
fn problems_name_row_and_file() {
    let mut text = String::from("id,image,title\n");
    for row in 0..40 {
        text.push_str(&format!("{row},{row}.jpg,Cup number {row}\n"));
    }
    text.push_str("7,7.jpg,Cup again\n,,\nx,none.jpg\n99,1.jpg,\"Two\nlines\",5\n");
    let names: Vec<String> = (0..40).map(|row| format!("images/{row}.jpg")).collect();
    let mut files: Vec<(&str, &[u8])> = vec![("t.csv", text.as_bytes())];
    files.extend(names.iter().map(|name| (name.as_str(), &b""[..])));
    let opened = Opened::new(&files, &OpenOptions::default());
    let one = |kind, row| (kind, Some(row), 1);
    assert_eq!(
        opened.problems(),
        [
            one(ProblemKind::DuplicateId, 42),
            one(ProblemKind::EmptyRow, 43),
            one(ProblemKind::MissingImage, 44),
            one(ProblemKind::RaggedRow, 44),
            one(ProblemKind::RaggedRow, 45),
        ]
    );
    let missing = &opened.catalog().problems()[2];
    assert_eq!(missing.file, opened.dir.path().join("images/none.jpg").to_string_lossy());
    assert_eq!(opened.keys()[40..], ["7#2", "x", "99"]);
    assert_eq!(opened.titles()[42], "Two lines");
}

#[test]
fn a_cause_over_a_fifth_of_the_rows_is_one_warning() {
    let opened = table("id,image,title\n1,a.jpg,Red cup\n2,b.jpg,Blue cup\n3,c.jpg,Tea pot\n");
    assert_eq!(opened.problems(), [(ProblemKind::MissingImage, None, 3)]);
    assert!(opened.catalog().problems()[0].message.contains("3 of 3 pictures"));
    assert!(opened.catalog().has_images());
}

#[test]
fn every_encoding_is_read() {
    let check = |bytes: &[u8], problems: &[(ProblemKind, Option<u64>, u64)]| {
        let opened = Opened::new(&[("t.csv", bytes)], &OpenOptions::default());
        assert_eq!(opened.titles(), ["Crème brûlée"], "{bytes:?}");
        assert_eq!(opened.keys(), ["1"], "{bytes:?}");
        assert_eq!(opened.problems(), problems);
    };
    let text = "id,title\r\n1,Crème brûlée\r\n";
    check(text.as_bytes(), &[]);
    check(format!("\u{feff}{text}").as_bytes(), &[]);
    check(b"id,title\n1,Cr\xe8me br\xfbl\xe9e\n", &[(ProblemKind::BadEncoding, None, 1)]);
    let little: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    check(&little, &[]);
    check(&big, &[]);
    let mut damaged =
        "id,title\n1,éééééééééééé ok\n2,żółw zielony\n3,a cup\n4,a pot\n5,a lid\n".to_owned().into_bytes();
    damaged.extend(b"6,caf\xe9 \xe9t\xe9\n");
    let opened = Opened::new(&[("t.csv", &damaged)], &OpenOptions::default());
    assert_eq!(opened.problems(), [(ProblemKind::BadEncoding, Some(7), 1)]);
    assert_eq!(opened.titles()[1], "żółw zielony");
}

#[test]
fn a_folder_of_pictures_is_a_catalogue() {
    let opened =
        Opened::new(&[("shop/red-cup_1.jpg", b""), ("shop/tea/a.png", b"")], &OpenOptions::default());
    let folder = opened.dir.path().join("shop");
    // Given as a file all the same: what is there decides.
    let catalog = open(&CatalogSource::File(folder.clone()), &OpenOptions::default()).unwrap();
    assert_eq!(catalog.source(), &CatalogSource::Folder(folder.clone()));
    assert_eq!((catalog.name(), catalog.column_map()), ("shop", None));
    assert_eq!((catalog.key(PostingIdx(0)), catalog.title(PostingIdx(0))), ("red-cup_1.jpg", "red cup 1"));
    assert_eq!(catalog.image(PostingIdx(1)), ImageSource::File(folder.join("tea/a.png")));
    assert!(catalog.problems().is_empty());
    let empty = tempfile::tempdir().unwrap();
    let error = open(&CatalogSource::Folder(empty.path().to_owned()), &OpenOptions::default()).unwrap_err();
    assert!(error.to_string().contains("holds no pictures"));
}

#[test]
fn json_lines_are_a_catalogue() {
    let opened = table(
        "{\"sku\":98765432109876,\"title\":\"Red cup\",\"tags\":[1]}\nnonsense\n{\"title\":\"Blue cup\",\"sku\":\"b\"}\n",
    );
    assert_eq!(opened.keys(), ["98765432109876", "b"]);
    assert_eq!(opened.problems(), [(ProblemKind::BadJson, Some(2), 1)]);
    assert_eq!(opened.catalog().columns(), ["sku", "title", "tags"]);
}

#[test]
fn a_header_without_rows_is_an_empty_catalogue() {
    let opened = table("posting_id,image,title\n");
    assert_eq!(opened.catalog().n_postings(), 0);
    assert_eq!(opened.catalog().find("x"), None);
}

/// The folder with shared data, where there is one.
fn shared(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = root.join(below);
    if path.exists() {
        return Some(path);
    }
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: there is no {}", path.display());
    None
}

#[test]
fn the_csv_corpora_load_or_say_why() {
    let mut n_files = 0;
    for folder in ["data/robust/csv-spectrum/csvs", "data/robust/csv-test-data/csv"] {
        let Some(folder) = shared(folder) else { return };
        for entry in fs::read_dir(folder).unwrap().flatten() {
            n_files += 1;
            let shown = preview(&entry.path());
            let is_empty = fs::read(entry.path()).unwrap().trim_ascii().is_empty();
            match shown {
                Ok(Some(shown)) => {
                    assert!(!shown.columns.is_empty(), "{:?}", entry.path());
                    // Any column may be the title: every row must then come out.
                    let map = ColumnMap { title: shown.columns.last().cloned(), ..ColumnMap::default() };
                    let options = OpenOptions { column_map: Some(map), ..OpenOptions::default() };
                    let catalog = open(&CatalogSource::File(entry.path()), &options).unwrap();
                    assert!(catalog.n_postings() <= shown.rows.len());
                }
                Ok(None) => panic!("{:?} is no folder", entry.path()),
                Err(error) => assert!(is_empty, "{error}"),
            }
        }
    }
    assert!(n_files >= 30, "{n_files} files");
}

#[test]
fn the_csv_corpora_hold_what_they_should() {
    let check = |name: &str, columns: &[&str], first: &[&str], n_rows: usize| {
        let Some(path) = shared(&format!("data/robust/{name}")) else { return };
        let shown = preview(&path).unwrap().unwrap();
        assert_eq!(shown.columns, columns, "{name}");
        assert_eq!(shown.rows.first().map_or(&[][..], Vec::as_slice), first, "{name}");
        assert_eq!(shown.rows.len(), n_rows, "{name}");
    };
    let address = ["first", "last", "address", "city", "zip"];
    check(
        "csv-spectrum/csvs/comma_in_quotes.csv",
        &address,
        &["John", "Doe", "120 any st.", "Anytown, WW", "08123"],
        1,
    );
    check("csv-spectrum/csvs/escaped_quotes.csv", &["a", "b"], &["1", "ha \"ha\" ha"], 2);
    check("csv-spectrum/csvs/newlines.csv", &["a", "b", "c"], &["1", "2", "3"], 3);
    check("csv-spectrum/csvs/newlines_crlf.csv", &["a", "b", "c"], &["1", "2", "3"], 3);
    check("csv-spectrum/csvs/quotes_and_newlines.csv", &["a", "b"], &["1", "ha \n\"ha\" \nha"], 2);
    check("csv-spectrum/csvs/utf8.csv", &["a", "b", "c"], &["1", "2", "3"], 2);
    check("csv-spectrum/csvs/empty.csv", &["a", "b", "c"], &["1", "", ""], 2);
}

#[test]
fn shared_tables_load_without_surprise() {
    let check = |name: &str, n_postings: usize, n_groups: usize, n_problems: usize| {
        let Some(path) = shared(&format!("data/{name}")) else { return };
        let catalog = open(&CatalogSource::File(path), &OpenOptions::default()).unwrap();
        let groups: std::collections::HashSet<_> = catalog.group_ids().into_iter().flatten().collect();
        assert_eq!((catalog.n_postings(), groups.len()), (n_postings, n_groups), "{name}");
        assert_eq!(catalog.problems().len(), n_problems, "{name}: {:?}", catalog.problems().first());
    };
    check("mix/catalog.csv", 2370, 793, 0);
    // The half has no pictures: one warning.
    check("shopee/train.csv", 16_595, 5440, 1);
    check("magento/catalog.csv", 164, 36, 0);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), head in 0..4_usize) {
        let heads: [&[u8]; 4] = [b"", b"id,title\n1,\"", b"{\"title\":\"", b"\xff\xfe"];
        let bytes = [heads[head], &bytes].concat();
        if let Ok(read) = read_bytes(Path::new("x"), bytes, 50) {
            let _ = (read.format.roles)(&read.table);
        }
    }
}
