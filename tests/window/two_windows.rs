//! Two windows on one project: the second is read-only, says so, and can take over.

use egui::Key;
use lookalike::app::{Command, SessionCommand};
use lookalike::project::Access;

use crate::driver::Driver;

fn access(driver: &Driver) -> Access {
    driver.state().session.open.as_ref().expect("a project is open").access
}

#[test]
fn the_second_window_is_read_only_until_it_takes_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("demo.lookalike");
    let mut first = Driver::with_demo(&folder, 8, [1024.0, 700.0]);
    first.press(Key::S);
    first.wait("the disk", |state| state.saving.n_pending == 0);
    assert_eq!(access(&first), Access::Write);

    let mut second = Driver::with_demo(&folder, 8, [1024.0, 700.0]);
    assert_eq!(access(&second), Access::ReadOnly);
    assert!(second.shows("Read-only"));
    assert_eq!(second.state().saving.review.entries().len(), 1, "it sees what the first one decided");
    second.press(Key::D);
    assert_eq!(second.state().saving.review.entries().len(), 1, "it records nothing");
    assert!(second.shows("read-only"), "and says why");

    second.send(Command::Session(SessionCommand::TakeOver));
    let start = std::time::Instant::now();
    while access(&second) == Access::ReadOnly {
        first.harness.step();
        second.harness.step();
        assert!(start.elapsed().as_secs() < 60, "the first window never gives way");
        std::thread::yield_now();
    }
    first.wait("giving way", |state| {
        state.session.open.as_ref().is_some_and(|session| session.access == Access::ReadOnly)
    });
    second.press(Key::D);
    assert_eq!(second.state().saving.review.entries().len(), 2);
    second.wait("the disk", |state| state.saving.n_pending == 0);
    first.press(Key::S);
    assert_eq!(first.state().saving.review.entries().len(), 1, "the first window records nothing any more");
}
