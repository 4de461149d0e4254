//! The pages by what assistive technology hears.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::app::{
    AppState, CatalogueCommand, CatalogueSection, Command, Keymap, MatchCommand, Session, SessionCommand,
    apply,
};
use crate::catalog::{
    Catalog, CatalogBuilder, CatalogSource, ColumnMap, ColumnPreview, ImageSource, OpenOptions, Problem,
    ProblemKind, demo,
};
use crate::jobs::collect_statistics;
use crate::project::{Access, ProjectSettings};
use crate::ui::{Images, Outbox, Theme, ViewContext};

fn open(catalog: Catalog) -> AppState {
    let mut state = AppState::default();
    let settings = ProjectSettings::new(catalog.source().clone(), OpenOptions::default());
    state.catalogue.statistics = Some(collect_statistics(&catalog));
    state.session.open = Some(Session {
        folder: PathBuf::from("shop.lookalike"),
        name: catalog.name().to_owned(),
        access: Access::Write,
        catalog: Arc::new(catalog),
        settings,
    });
    state
}

fn with_problems() -> AppState {
    let source = CatalogSource::File("shop.csv".into());
    let columns = ["sku", "name", "price"].map(str::to_owned).to_vec();
    let mut builder = CatalogBuilder::new("shop", source, columns);
    for row in 0..40 {
        let title = format!("Mug number {row}");
        builder.push(
            &format!("k{row}"),
            &title,
            &title,
            ImageSource::None,
            Some("g"),
            &["s", &title, "4.50"],
        );
    }
    for (kind, row) in [(ProblemKind::MissingImage, 7), (ProblemKind::DuplicateId, 3)] {
        let message = format!("{} here", kind.label());
        builder.problem(Problem { kind, row: Some(row), n_rows: 1, file: format!("{row}.jpg"), message });
    }
    open(builder.finish())
}

struct Stage {
    state: AppState,
    images: Images,
    sent: Outbox,
}

/// The page on a stage that applies what it sends.
fn stage(state: AppState) -> Harness<'static, Stage> {
    let (theme, keymap) = (Theme::load(false), Keymap::default());
    let images = Images::default();
    if let Some(session) = &state.session.open {
        images.set_catalog(&session.catalog);
    }
    let stage = Stage { state, images, sent: Outbox::new() };
    Harness::builder().with_size(egui::vec2(968.0, 632.0)).with_max_steps(32).build_ui_state(
        move |ui, stage: &mut Stage| {
            let context =
                ViewContext { app: &stage.state, theme: &theme, images: &stage.images, keymap: &keymap };
            let mut out = Outbox::new();
            super::show(ui, context, &mut out);
            for command in out {
                stage.sent.push(command.clone());
                apply(&mut stage.state, command);
            }
        },
        stage,
    )
}

#[test]
fn nothing_open_offers_every_way_in() {
    let mut state = AppState::default();
    state.preferences.recent = vec![PathBuf::from("/x/Mugs.lookalike")];
    let mut page = stage(state);
    page.run_steps(2);
    page.get_by_label("Open the demo").click();
    page.run_steps(2);
    page.get_by_label("Open Mugs").click();
    page.run_steps(2);
    let sent = &page.state().sent;
    assert!(sent.contains(&Command::Session(SessionCommand::OpenDemo)));
    assert!(sent.contains(&Command::Session(SessionCommand::OpenPath("/x/Mugs.lookalike".into()))));
}

#[test]
fn postings_are_listed_and_filtered() {
    let mut page = stage(with_problems());
    page.run_steps(2);
    page.get_by_label("Posting 1 of 40, Mug number 0");
    assert!(page.query_by_label("Posting 40 of 40, Mug number 39").is_none(), "only what is visible");
    apply(&mut page.state_mut().state, Command::Catalogue(CatalogueCommand::Move(i64::MAX)));
    page.run_steps(3);
    page.get_by_label("Posting 40 of 40, Mug number 39");
    apply(&mut page.state_mut().state, Command::Catalogue(CatalogueCommand::Filter("NUMBER 7".to_owned())));
    page.run_steps(3);
    page.get_by_label("Posting 1 of 1, Mug number 7");
    page.get_by_label("1 of 40 postings");
}

#[test]
fn a_matcher_is_picked_and_its_numbers_moved() {
    let mut state = with_problems();
    apply(&mut state, Command::Catalogue(CatalogueCommand::Section(CatalogueSection::Matching)));
    let mut page = stage(state);
    page.run_steps(2);
    page.get_by_label("Matcher: Threshold").click();
    page.run_steps(3);
    assert!(page.query_by_label("Learned pair scores").is_none(), "what learns is not picked by hand");
    page.get_by_label("Neighbourhood blending").click();
    page.run_steps(3);
    page.get_by_label("Matcher: Neighbourhood blending");
    page.get_by_role_and_label(egui::accesskit::Role::Slider, "stages").focus();
    page.run_steps(1);
    page.key_press(egui::Key::ArrowRight);
    page.run_steps(2);
    let matcher = &page.state().state.matching.settings.matcher;
    assert_eq!((matcher.id.as_str(), matcher.values.get("stages")), ("inb", Some(&2.0)));
}

#[test]
fn a_million_postings_are_drawn_to_the_last_line() {
    let source = CatalogSource::File("big.csv".into());
    let mut builder = CatalogBuilder::new("big", source, Vec::new());
    for row in 0..1_000_000 {
        builder.push(&row.to_string(), "mug", "mug", ImageSource::None, None, &[]);
    }
    let mut page = stage(open(builder.finish()));
    page.run_steps(2);
    apply(&mut page.state_mut().state, Command::Catalogue(CatalogueCommand::Move(i64::MAX)));
    page.run_steps(3);
    let last = page.get_by_label("Posting 1000000 of 1000000, mug").rect();
    let before = page.get_by_label("Posting 999999 of 1000000, mug").rect();
    // Assistive technology is told places within the whole list, which are rounded at this length.
    assert!(last.bottom() <= 632.0 && (last.top() - before.top() - 48.0).abs() < 5.0, "{before} {last}");
}

#[test]
fn problems_are_sorted_by_their_headers() {
    let mut state = with_problems();
    state.catalogue.section = CatalogueSection::Problems;
    let mut page = stage(state);
    page.run_steps(3);
    let top = |page: &Harness<'_, Stage>, name: &str| page.get_by_label(name).rect().top();
    let (missing, duplicate) =
        ("Missing picture, row 7, Missing picture here", "Duplicate id, row 3, Duplicate id here");
    assert!(top(&page, duplicate) < top(&page, missing));
    page.get_by_label("Sort by Kind").click();
    page.run_steps(3);
    assert!(top(&page, missing) < top(&page, duplicate));
    page.get_by_label("Find folder\u{2026}");
}

#[test]
fn the_map_is_edited_and_opened() {
    let mut state = with_problems();
    state.catalogue.section = CatalogueSection::Columns;
    let preview = ColumnPreview {
        columns: ["sku", "name"].map(str::to_owned).to_vec(),
        rows: vec![vec!["s1".to_owned(), "Red mug".to_owned()]],
        guess: ColumnMap::default(),
        format: "delimited",
    };
    state.catalogue.preview = Some(("shop.csv".into(), preview));
    state.catalogue.draft.map.title = Some("name".to_owned());
    let mut page = stage(state);
    page.run_steps(2);
    page.get_by_label("Title column: name");
    page.get_by_label("Red mug");
    page.get_by_label("Open with this map").click();
    page.run_steps(2);
    assert!(page.state().sent.contains(&Command::Catalogue(CatalogueCommand::OpenWithMap)));
}

#[test]
fn statistics_and_encoders_are_shown() {
    let mut state = open(demo::catalog(10, 1));
    state.catalogue.section = CatalogueSection::Statistics;
    let mut page = stage(state);
    page.run_steps(2);
    page.get_by_label("Labelled groups");
    apply(
        &mut page.state_mut().state,
        Command::Catalogue(CatalogueCommand::Section(CatalogueSection::Matching)),
    );
    page.run_steps(2);
    page.get_by_label("Tune");
    page.get_by_label_contains("Text encoder: ");
    page.get_by_label("Translate titles: Off: titles as they are").click();
    page.run_steps(3);
    page.get_by_label_contains("Opus-MT Indonesian to English").click();
    page.run_steps(3);
    let chosen = Some("opus-mt-id-en".to_owned());
    assert!(page.state().sent.contains(&Command::Match(MatchCommand::Translate(chosen.clone()))));
    assert_eq!(page.state().state.matching.settings.translate, chosen);
    page.get_by_label("Translate titles: Opus-MT Indonesian to English");
}
