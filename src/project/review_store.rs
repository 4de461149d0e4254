//! review.sqlite: the append-only decision log (WAL, synchronous=FULL), reviewers, the remembered place.
//! Never rewrites an entry (the database itself refuses), never deletes or replaces a damaged file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::ProjectError;
use super::lock::{Access, WriteFlag};
use crate::review::Entry;

/// Layout version, kept in SQLite's `user_version`.
const SCHEMA_VERSION: i64 = 1;
/// How long another process may keep the database busy.
const BUSY: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
CREATE TABLE reviewers (
    name TEXT PRIMARY KEY NOT NULL
) WITHOUT ROWID;
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    reviewer TEXT NOT NULL REFERENCES reviewers (name),
    lamport INTEGER NOT NULL,
    at_millis INTEGER NOT NULL,
    kind TEXT NOT NULL,
    retracts BLOB,
    payload TEXT NOT NULL
);
CREATE INDEX entries_in_order ON entries (lamport, reviewer, id);
CREATE TRIGGER entries_are_not_rewritten BEFORE UPDATE ON entries
BEGIN SELECT RAISE (ABORT, 'the decision log is append-only'); END;
CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE (ABORT, 'the decision log is append-only'); END;
CREATE TABLE places (
    reviewer TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    PRIMARY KEY (reviewer, name)
) WITHOUT ROWID;
PRAGMA user_version = 1;
";

/// Dropping a table fires no triggers; nothing else empties the log.
const DROP_ALL: &str = "DROP TABLE entries; DROP TABLE reviewers; DROP TABLE places;";

/// An open decision log. `Send`, used from one thread at a time (the writer thread of jobs/).
#[derive(Debug)]
pub struct ReviewStore {
    connection: Connection,
    path: PathBuf,
    flag: WriteFlag,
    reset: Reset,
}

/// Whether a log may be emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// Only a demo's log.
    Allowed,
    /// Anyone's work.
    Refused,
}

/// What an append achieved, known only after the sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Entries in the log now.
    pub n_entries: u64,
}

impl ReviewStore {
    /// Opens (and with `Access::Write` creates) the log at `path`. The flag is asked again at every write, since the
    /// project may have been handed to another window meanwhile.
    ///
    /// # Errors
    /// When the file is damaged, newer than this program, or cannot be opened.
    pub(super) fn open(path: &Path, flag: WriteFlag, reset: Reset) -> Result<Self, ProjectError> {
        let writes = flag.access() == Access::Write;
        let connection = if writes || path.exists() {
            let create = if writes { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
            Connection::open_with_flags(path, flags)
        } else {
            // The holder has not written anything yet: an empty log.
            Connection::open_in_memory()
        };
        let connection = connection.map_err(|error| read_error(path, &error))?;
        let mut store = Self { connection, path: path.to_owned(), flag, reset };
        store.prepare().map_err(|error| read_error(path, &error))?;
        store.check()?;
        Ok(store)
    }

    /// All entries in log order.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn entries(&self) -> Result<Vec<Entry>, ProjectError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement =
                self.connection.prepare("SELECT payload FROM entries ORDER BY lamport, reviewer, id")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let payloads = read().map_err(|error| read_error(&self.path, &error))?;
        let parse = |(position, payload): (usize, &String)| {
            serde_json::from_str(payload)
                .map_err(|error| damaged(&self.path, format!("entry {}: {error}", position + 1)))
        };
        payloads.iter().enumerate().map(parse).collect()
    }

    /// Appends entries in one transaction and syncs; entries already there (same id) are skipped.
    ///
    /// # Errors
    /// When the disk refuses; then nothing was written.
    pub fn append(&mut self, entries: &[Entry]) -> Result<Appended, ProjectError> {
        self.check_writable()?;
        let payloads: Result<Vec<String>, serde_json::Error> = entries.iter().map(payload).collect();
        let payloads = payloads.map_err(|error| self.write_error(error.to_string()))?;
        self.try_append(entries, &payloads).map_err(|error| self.write_error(error.to_string()))
    }

    /// The remembered place of `reviewer` under `name` (posting key, tab, sort...), opaque text.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn place(&self, reviewer: &str, name: &str) -> Result<Option<String>, ProjectError> {
        let query = "SELECT place FROM places WHERE reviewer = ?1 AND name = ?2";
        let place = self.connection.query_row(query, params![reviewer, name], |row| row.get(0));
        place.optional().map_err(|error| read_error(&self.path, &error))
    }

    /// Remembers a place; the latest wins, losing one to a crash is harmless.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_place(&mut self, reviewer: &str, name: &str, place: &str) -> Result<(), ProjectError> {
        self.check_writable()?;
        let statement = "INSERT INTO places VALUES (?1, ?2, ?3)
            ON CONFLICT (reviewer, name) DO UPDATE SET place = excluded.place";
        let written = self.connection.execute(statement, params![reviewer, name, place]);
        written.map(|_| ()).map_err(|error| self.write_error(error.to_string()))
    }

    /// A copy of the log that can be opened elsewhere (for "Save a copy elsewhere"). Replaces no file.
    ///
    /// # Errors
    /// When the target cannot be written, or exists.
    pub fn save_copy(&self, path: &Path) -> Result<(), ProjectError> {
        let error = |reason: String| ProjectError::Write { path: path.to_owned(), reason };
        if path.exists() {
            return Err(error("there is a file of this name already".to_owned()));
        }
        let Some(name) = path.to_str() else {
            return Err(error("the name is not valid Unicode".to_owned()));
        };
        self.connection
            .execute("VACUUM INTO ?1", params![name])
            .map_err(|reason| error(reason.to_string()))?;
        std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(|reason| error(reason.to_string()))
    }

    /// Empties the log; only "Reset demo" calls it, and only a demo project allows it.
    ///
    /// # Errors
    /// When the project is no demo, or the disk refuses.
    pub fn reset(&mut self) -> Result<(), ProjectError> {
        self.check_writable()?;
        if self.reset == Reset::Refused {
            return Err(self.write_error("only the demo's decisions can be reset".to_owned()));
        }
        let empty = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(DROP_ALL)?;
            transaction.execute_batch(SCHEMA)?;
            transaction.commit()
        };
        empty(&mut self.connection).map_err(|error| self.write_error(error.to_string()))
    }

    fn prepare(&mut self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(BUSY)?;
        self.connection.pragma_update(None, "foreign_keys", "ON")?;
        // Without this, INSERT OR REPLACE would delete past the trigger.
        self.connection.pragma_update(None, "recursive_triggers", "ON")?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let is_file = self.connection.path().is_some_and(|path| !path.is_empty());
        if self.flag.access() == Access::Write {
            self.connection.pragma_update(None, "journal_mode", "WAL")?;
        }
        if self.flag.access() == Access::Write || !is_file {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            let n_tables: i64 =
                transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if version == 0 && n_tables == 0 {
                transaction.execute_batch(SCHEMA)?;
            }
            transaction.commit()?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ProjectError> {
        let ask =
            |query: &str| self.connection.query_row(query, [], |row| row.get::<_, rusqlite::types::Value>(0));
        let version = ask("PRAGMA user_version").map_err(|error| read_error(&self.path, &error))?;
        if version != rusqlite::types::Value::Integer(SCHEMA_VERSION) {
            return Err(ProjectError::Read {
                what: "the decision log",
                reason: format!("its layout is {version:?}, this program knows {SCHEMA_VERSION}"),
                remedy: "Open the project with a newer Lookalike",
                path: self.path.clone(),
            });
        }
        match ask("PRAGMA quick_check(1)").map_err(|error| read_error(&self.path, &error))? {
            rusqlite::types::Value::Text(answer) if answer == "ok" => Ok(()),
            answer => Err(damaged(&self.path, format!("{answer:?}"))),
        }
    }

    fn try_append(&mut self, entries: &[Entry], payloads: &[String]) -> rusqlite::Result<Appended> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut reviewer =
                transaction.prepare_cached("INSERT INTO reviewers VALUES (?1) ON CONFLICT DO NOTHING")?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO entries (id, reviewer, lamport, at_millis, kind, retracts, payload)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING",
            )?;
            for (entry, payload) in entries.iter().zip(payloads) {
                reviewer.execute(params![entry.reviewer])?;
                insert.execute(params![
                    entry.id.0.as_bytes(),
                    entry.reviewer,
                    // SQLite has signed numbers only; the payload keeps the exact value.
                    i64::try_from(entry.lamport).unwrap_or(i64::MAX),
                    entry.at_millis,
                    entry.gesture.kind_id(),
                    entry.gesture.retracts().map(|target| target.0.into_bytes()),
                    payload,
                ])?;
            }
        }
        // Nothing is ever deleted, so the last number is the count.
        let n_entries: i64 =
            transaction.query_row("SELECT coalesce(max(seq), 0) FROM entries", [], |row| row.get(0))?;
        transaction.commit()?;
        Ok(Appended { n_entries: n_entries.unsigned_abs() })
    }

    fn check_writable(&self) -> Result<(), ProjectError> {
        let is_file = self.connection.path().is_some_and(|path| !path.is_empty());
        if self.flag.access() == Access::Write && is_file {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(&self.path).to_owned();
        Err(ProjectError::ReadOnly { folder })
    }

    fn write_error(&self, reason: String) -> ProjectError {
        ProjectError::Write { path: self.path.clone(), reason }
    }
}

/// The entry as JSON. Numbers JSON cannot hold would make it unreadable: a score that is none is left out.
fn payload(entry: &Entry) -> Result<String, serde_json::Error> {
    let threshold = entry.seen.threshold;
    if threshold.is_finite() && entry.seen.score.is_none_or(f32::is_finite) {
        return serde_json::to_string(entry);
    }
    let mut finite = entry.clone();
    finite.seen.threshold = if threshold.is_finite() { threshold } else { 0.0 };
    finite.seen.score = finite.seen.score.filter(|score| score.is_finite());
    serde_json::to_string(&finite)
}

fn read_error(path: &Path, error: &rusqlite::Error) -> ProjectError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path, error.to_string()),
        _ => ProjectError::Read {
            what: "the decision log",
            reason: error.to_string(),
            remedy: "Check that the file may be read and written",
            path: path.to_owned(),
        },
    }
}

fn damaged(path: &Path, reason: String) -> ProjectError {
    ProjectError::Read {
        what: "the decision log",
        reason: format!("it is damaged ({reason})"),
        remedy: "It was left as it is. Restore a copy, or move it and its -wal file elsewhere to begin a new log",
        path: path.to_owned(),
    }
}

#[cfg(test)]
#[path = "review_store_tests.rs"]
mod tests;
