//! How a catalogue is read, as options.

use std::path::PathBuf;

use crate::catalog::{ColumnMap, OpenOptions, TitleMode};

/// Options of reading a catalogue.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct CatalogArgs {
    /// Which column plays which role, such as id=sku,image=photo,title=name,group=product (any subset; else guessed).
    #[arg(long, value_name = "ROLES", value_parser = ColumnMap::parse)]
    map: Option<ColumnMap>,
    /// Folder in which picture paths are looked up first.
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// Whether titles are cleaned (byte escapes decoded, HTML stripped): clean or raw [default: clean].
    #[arg(long, value_name = "MODE", value_parser = parse_titles)]
    titles: Option<TitleMode>,
}

impl CatalogArgs {
    /// The options given, the rest as `before`.
    pub(super) fn over(&self, before: OpenOptions) -> OpenOptions {
        OpenOptions {
            column_map: self.map.clone().or(before.column_map),
            images_dir: self
                .images
                .as_ref()
                .map(|dir| std::path::absolute(dir).unwrap_or_else(|_| dir.clone()))
                .or(before.images_dir),
            titles: self.titles.unwrap_or(before.titles),
        }
    }
}

fn parse_titles(text: &str) -> Result<TitleMode, String> {
    match text {
        "clean" => Ok(TitleMode::Clean),
        "raw" => Ok(TitleMode::Raw),
        _ => Err("choose clean or raw".to_owned()),
    }
}
