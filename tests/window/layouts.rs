//! Key events as US, German and French keyboards send them.

use egui::{Event, Key, Modifiers};
use lookalike::review::{Claim, Gesture, Verdict};

use crate::driver::Driver;

fn check(event: (Key, Key, Modifiers), expected: Option<Verdict>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = Driver::with_demo(&folder.path().join("demo.lookalike"), 8, [1024.0, 700.0]);
    send(&mut driver, event);
    let recorded = driver.state().saving.review.entries().last().and_then(|entry| match &entry.gesture {
        Gesture::Judge { claims } => claims.first().map(|claim| match claim {
            Claim::Within { verdict, .. } | Claim::Across { verdict, .. } => *verdict,
        }),
        _ => None,
    });
    assert_eq!(recorded, expected, "{event:?}");
}

fn send(driver: &mut Driver, (key, physical, modifiers): (Key, Key, Modifiers)) {
    for pressed in [true, false] {
        driver.harness.event(Event::Key {
            key,
            physical_key: Some(physical),
            pressed,
            repeat: false,
            modifiers,
        });
        driver.harness.step();
    }
}

#[test]
fn us() {
    check((Key::Num3, Key::Num3, Modifiers::NONE), Some(Verdict::Variant));
    check((Key::S, Key::S, Modifiers::NONE), Some(Verdict::Same));
}

#[test]
fn german() {
    // Y and Z are swapped: the key in US position Y is labelled Z and undoes; nothing is there to undo, nothing is recorded.
    check((Key::Z, Key::Y, Modifiers::NONE), None);
    check((Key::D, Key::D, Modifiers::NONE), Some(Verdict::Different));
}

#[test]
fn azerty() {
    // The digit row types other signs without Shift; position counts. With Shift it types digits, which is another key.
    check((Key::Num2, Key::Num2, Modifiers::NONE), Some(Verdict::Different));
    check((Key::Num2, Key::Num2, Modifiers::SHIFT), None);
    // A and Q are swapped: the letter printed counts.
    check((Key::U, Key::U, Modifiers::NONE), Some(Verdict::Unsure));
}
