//! Filtering, sorting, mapping and commands of the Catalogue station.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use super::super::{AppState, Command, Session, apply as apply_command};
use super::*;
use crate::catalog::{Catalog, CatalogBuilder, ColumnMap, ImageSource};
use crate::project::{Access, ProjectSettings};

fn state_with(source: CatalogSource, n: usize) -> AppState {
    let mut builder = CatalogBuilder::new("t", source.clone(), Vec::new());
    for row in 0..n {
        builder.push(&format!("k{row}"), "mug", "mug", ImageSource::None, None, &[]);
    }
    let catalog: Arc<Catalog> = Arc::new(builder.finish());
    let mut settings = ProjectSettings::new(source, OpenOptions::default());
    settings.open.titles = TitleMode::Raw;
    let mut state = AppState::default();
    state.session.open = Some(Session {
        folder: PathBuf::from("p.lookalike"),
        name: "t".to_owned(),
        access: Access::Write,
        catalog,
        settings,
    });
    state
}

fn file() -> CatalogSource {
    CatalogSource::File("t.csv".into())
}

fn send(state: &mut AppState, command: CatalogueCommand) -> Vec<Effect> {
    apply_command(state, Command::Catalogue(command))
}

fn preview_of(columns: &[&str]) -> ColumnPreview {
    let guess = ColumnMap { title: Some("name".to_owned()), ..ColumnMap::default() };
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    ColumnPreview { columns, rows: Vec::new(), guess, format: "delimited" }
}

#[test]
fn the_cursor_stays_in_the_list() {
    for (cursor, by, n_lines, expected) in
        [(0, -1, 5, 0), (0, 1, 5, 1), (3, 12, 5, 4), (4, i64::MIN, 5, 0), (0, i64::MAX, 5, 4), (0, 1, 0, 0)]
    {
        assert_eq!(moved(cursor, by, n_lines), expected, "{cursor} {by} {n_lines}");
    }
    let mut state = state_with(file(), 3);
    send(&mut state, CatalogueCommand::Move(7));
    assert_eq!(state.catalogue.browse.cursor, 2);
    send(&mut state, CatalogueCommand::Filter("mug".to_owned()));
    assert_eq!(state.catalogue.browse.cursor, 0);
}

#[test]
fn an_images_folder_reopens_the_same_project_as_it_was_read() {
    let mut state = state_with(file(), 1);
    let effects = send(&mut state, CatalogueCommand::ImagesFolder("pictures".into()));
    let [Effect::Job(Request::OpenCatalogue { source, options, folder })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((source, folder), (&file(), &Some(PathBuf::from("p.lookalike"))));
    assert_eq!((&options.images_dir, options.titles), (&Some(PathBuf::from("pictures")), TitleMode::Raw));

    let mut demo = state_with(CatalogSource::Demo { n_products: 1, seed: 1 }, 1);
    let effects = send(&mut demo, CatalogueCommand::ImagesFolder("pictures".into()));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Job(_))), "the demo has no folder");
}

#[test]
fn the_map_editor_previews_edits_and_opens() {
    let mut state = state_with(file(), 1);
    let effects = send(&mut state, CatalogueCommand::Section(CatalogueSection::Columns));
    let [Effect::Job(Request::Preview { path, generation })] = &effects[..] else { panic!("{effects:?}") };
    let (path, generation) = (path.clone(), *generation);
    previewed(&mut state, path.clone(), Some(preview_of(&["sku", "name"])), generation - 1);
    assert!(state.catalogue.preview.is_none(), "an older answer is dropped");
    previewed(&mut state, path, Some(preview_of(&["sku", "name"])), generation);
    assert_eq!(state.catalogue.draft.titles, TitleMode::Raw, "as the catalogue is read now");
    send(&mut state, CatalogueCommand::MapRole(Role::Title, None));
    assert!(
        send(&mut state, CatalogueCommand::OpenWithMap)
            .iter()
            .all(|effect| !matches!(effect, Effect::Job(_)))
    );
    send(&mut state, CatalogueCommand::MapRole(Role::Title, Some("name".to_owned())));
    send(&mut state, CatalogueCommand::MapRole(Role::Id, Some("sku".to_owned())));
    send(&mut state, CatalogueCommand::MapImages("  pics ".to_owned()));
    let effects = send(&mut state, CatalogueCommand::OpenWithMap);
    let [Effect::Job(Request::OpenCatalogue { options, .. })] = &effects[..] else { panic!("{effects:?}") };
    let map = options.column_map.as_ref().unwrap();
    assert_eq!((map.id.as_deref(), map.title.as_deref()), (Some("sku"), Some("name")));
    assert_eq!(options.images_dir, Some(PathBuf::from("pics")));
}

#[test]
fn a_table_that_is_not_open_yet_is_opened_as_a_catalogue() {
    let mut state = AppState::default();
    send(&mut state, CatalogueCommand::Preview("other.csv".into()));
    let generation = state.catalogue.preview_generation;
    previewed(&mut state, "other.csv".into(), Some(preview_of(&["name"])), generation);
    let effects = send(&mut state, CatalogueCommand::OpenWithMap);
    assert!(matches!(&effects[..], [Effect::OpenPath { path, .. }] if path.ends_with("other.csv")));
}

#[test]
fn another_catalogue_starts_afresh_on_the_same_page() {
    let mut state = state_with(file(), 3);
    send(&mut state, CatalogueCommand::Section(CatalogueSection::Statistics));
    send(&mut state, CatalogueCommand::Filter("x".to_owned()));
    let generation = state.catalogue.preview_generation;
    opened(&mut state);
    assert_eq!(state.catalogue.section, CatalogueSection::Statistics);
    assert_eq!(state.catalogue.browse.filter, "");
    assert!(state.catalogue.preview_generation > generation);
}
