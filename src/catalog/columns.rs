//! Which column of a table plays which role: given by the user or guessed from names and content.

use serde::{Deserialize, Serialize};

/// The part a column plays for matching. Every other column is kept and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Unique name of the posting.
    Id,
    /// Picture path.
    Image,
    /// Title.
    Title,
    /// Group label (ground truth), opaque.
    Group,
}

impl Role {
    /// Every role, in the order in which people look for them.
    pub const ALL: [Self; 4] = [Self::Id, Self::Image, Self::Title, Self::Group];

    /// The name used on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Image => "image",
            Self::Title => "title",
            Self::Group => "group",
        }
    }
}

/// Column names by role; any subset with an image or a title is usable. A role that is `None` is not played.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnMap {
    /// Column that names the posting.
    pub id: Option<String>,
    /// Column with the picture path.
    pub image: Option<String>,
    /// Column with the title.
    pub title: Option<String>,
    /// Column with the group label.
    pub group: Option<String>,
}

impl ColumnMap {
    /// Parses `id=...,image=...,title=...,group=...` (any subset, any order).
    ///
    /// # Errors
    /// A sentence naming the part that could not be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut map = Self::default();
        for part in text.split(',') {
            let Some((role, column)) = part.split_once('=') else {
                return Err(format!(
                    "`{part}` is not of the form role=column; roles are id, image, title, group"
                ));
            };
            let Some(role) = Role::ALL.into_iter().find(|known| known.id() == role.trim()) else {
                return Err(format!("`{}` is no role; roles are id, image, title, group", role.trim()));
            };
            let column = column.trim();
            if column.is_empty() {
                return Err(format!("no column is named for {}", role.id()));
            }
            if map.get(role).is_some() {
                return Err(format!("{} is given twice", role.id()));
            }
            map.set(role, Some(column.to_owned()));
        }
        Ok(map)
    }

    /// The column that plays `role`.
    pub fn get(&self, role: Role) -> Option<&str> {
        match role {
            Role::Id => self.id.as_deref(),
            Role::Image => self.image.as_deref(),
            Role::Title => self.title.as_deref(),
            Role::Group => self.group.as_deref(),
        }
    }

    /// Lets `column` play `role` (or nothing).
    pub fn set(&mut self, role: Role, column: Option<String>) {
        match role {
            Role::Id => self.id = column,
            Role::Image => self.image = column,
            Role::Title => self.title = column,
            Role::Group => self.group = column,
        }
    }
}

/// What the column-map editor shows.
#[derive(Clone, Debug)]
pub struct ColumnPreview {
    /// Column names in file order.
    pub columns: Vec<String>,
    /// Up to ten rows of cells.
    pub rows: Vec<Vec<String>>,
    /// The guess.
    pub guess: ColumnMap,
    /// Id of the recognised format (see [`super::FORMATS`]).
    pub format: &'static str,
}

#[cfg(test)]
mod tests {
    use super::ColumnMap;

    fn check(text: &str, expected: Result<[Option<&str>; 4], &str>) {
        match (ColumnMap::parse(text), expected) {
            (Ok(map), Ok(expected)) => {
                let found = [map.id, map.image, map.title, map.group];
                assert_eq!(found.each_ref().map(Option::as_deref), expected, "{text}");
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn maps_are_parsed_or_explained() {
        check(
            "id=sku,image=photo,title=name,group=family",
            Ok([Some("sku"), Some("photo"), Some("name"), Some("family")]),
        );
        check(" title = product name ", Ok([None, None, Some("product name"), None]));
        check("title=a=b", Ok([None, None, Some("a=b"), None]));
        check("", Err("not of the form"));
        check("name=x", Err("`name` is no role"));
        check("id=", Err("no column is named for id"));
        check("id=a,id=b", Err("given twice"));
    }
}
