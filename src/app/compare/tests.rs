//! The overlay without a window: keys' commands against state, log entries for exactly one pair.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use super::{CompareCommand as C, CompareMode, Flip, Look, Scale, Side, ZoomLock};
use crate::app::{AppState, Command, Effect, Session, apply};
use crate::catalog::{OpenOptions, PostingIdx, demo};
use crate::jobs::Request;
use crate::project::{Access, ProjectSettings};
use crate::review::{Claim, Entry, Gesture, Verdict, View};

fn at(row: u32) -> PostingIdx {
    PostingIdx(row)
}

fn state() -> AppState {
    let mut state = AppState::default();
    let catalog = Arc::new(demo::catalog(3, 1));
    let settings = ProjectSettings::new(catalog.source().clone(), OpenOptions::default());
    state.session.open = Some(Session {
        folder: PathBuf::from("p"),
        name: "p".to_owned(),
        access: Access::Write,
        catalog,
        settings,
    });
    state.now.secs = 10.0;
    send(&mut state, C::Open { left: at(0), right: at(1), partners: vec![at(1), at(2)] });
    state
}

fn send(state: &mut AppState, command: C) -> Vec<Effect> {
    apply(state, Command::Compare(command))
}

fn draw(state: &mut AppState) {
    let (left, right) = state.compare.pair.unwrap();
    send(state, C::Drawn(left, right));
    state.now.secs += 1.0;
}

fn entries(effects: &[Effect]) -> Vec<Entry> {
    let appended = effects.iter().filter_map(|effect| match effect {
        Effect::Job(Request::Append(entries)) => Some(entries.clone()),
        _ => None,
    });
    appended.flatten().collect()
}

#[test]
fn a_verdict_is_about_exactly_the_pair_and_goes_on() {
    let mut state = state();
    draw(&mut state);
    let written = entries(&send(&mut state, C::Judge(Verdict::Variant)));
    let catalog = Arc::clone(&state.session.open.as_ref().unwrap().catalog);
    let members: Vec<Arc<str>> = [0, 1].iter().map(|row| Arc::from(catalog.key(at(*row)))).collect();
    let claims = vec![Claim::Within { members: members.clone(), verdict: Verdict::Variant }];
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].gesture, Gesture::Judge { claims });
    assert_eq!((written[0].seen.view, &written[0].seen.postings), (View::Compare, &members));
    assert_eq!(written[0].seen.millis, 1000);
    assert_eq!(state.compare.pair, Some((at(0), at(2))));
    draw(&mut state);
    assert_eq!(entries(&send(&mut state, C::Judge(Verdict::Same))).len(), 1);
    assert!(!state.compare.is_open(), "after the last partner");
}

#[test]
fn too_fast_or_unseen_is_refused() {
    let mut state = state();
    state.now.secs += 1.0;
    assert!(entries(&send(&mut state, C::Judge(Verdict::Same))).is_empty(), "not drawn");
    send(&mut state, C::Drawn(at(0), at(2)));
    assert!(entries(&send(&mut state, C::Judge(Verdict::Same))).is_empty(), "another pair was drawn");
    send(&mut state, C::Partner(1));
    send(&mut state, C::Drawn(at(0), at(2)));
    state.now.secs += 0.1;
    assert!(entries(&send(&mut state, C::Judge(Verdict::Same))).is_empty(), "too fast");
    assert!(state.chrome.flash_secs.is_some());
    state.now.secs += 0.1;
    assert_eq!(entries(&send(&mut state, C::Judge(Verdict::Same))).len(), 1);
}

#[test]
fn undo_brings_the_pair_back() {
    let mut state = state();
    draw(&mut state);
    let judged = entries(&send(&mut state, C::Judge(Verdict::Different)));
    assert_eq!(state.compare.pair, Some((at(0), at(2))));
    let undone = entries(&send(&mut state, C::Undo));
    assert_eq!(undone[0].gesture, Gesture::Retract { entry: judged[0].id });
    assert_eq!(state.compare.pair, Some((at(0), at(1))));
}

#[test]
fn partners_go_round_and_stay_on_their_side_after_a_swap() {
    let mut state = state();
    send(&mut state, C::Partner(1));
    assert_eq!(state.compare.pair, Some((at(0), at(2))));
    send(&mut state, C::Partner(1));
    assert_eq!(state.compare.pair, Some((at(0), at(1))));
    send(&mut state, C::Swap);
    assert_eq!(state.compare.pair, Some((at(1), at(0))));
    send(&mut state, C::Partner(-1));
    assert_eq!(state.compare.pair, Some((at(2), at(0))));
}

#[test]
fn mode_zoom_and_pan_survive_to_the_next_pair() {
    let mut state = state();
    for _ in 0..2 {
        send(&mut state, C::NextMode);
    }
    send(&mut state, C::Zoom(1.25));
    send(&mut state, C::Pan([1.0, 0.0]));
    let looks = state.compare.looks;
    send(&mut state, C::Partner(1));
    send(&mut state, C::Close);
    send(&mut state, C::Open { left: at(3), right: at(4), partners: vec![at(4)] });
    assert_eq!((state.compare.mode, state.compare.looks), (CompareMode::Wipe, looks));
    assert!(looks[0].centre[0] > 0.5 && looks[0] == looks[1]);
    for _ in 0..2 {
        send(&mut state, C::NextMode);
    }
    assert_eq!(state.compare.mode, CompareMode::SideBySide);
}

#[test]
fn zoom_goes_together_only_while_locked() {
    let mut state = state();
    send(&mut state, C::ToggleLock);
    assert_eq!(state.compare.lock, ZoomLock::Free);
    let look = Look { scale: Scale::Pixels(1.0), centre: [0.2, 9.0] };
    send(&mut state, C::Look(Side::Right, look));
    assert_eq!(state.compare.looks[0], Look::default());
    assert_eq!(state.compare.looks[1].centre, [0.2, 1.0]);
    send(&mut state, C::ToggleLock);
    assert_eq!(state.compare.looks, [Look::default(); 2]);
}

#[test]
fn limits() {
    let mut state = state();
    for _ in 0..99 {
        send(&mut state, C::Zoom(0.8));
        send(&mut state, C::MoveWipe(-0.02));
        send(&mut state, C::Pan([-1.0, 1.0]));
    }
    let look = state.compare.looks[0];
    assert_eq!((look.scale, look.centre, state.compare.wipe), (Scale::Fit(1.0), [0.0, 1.0], 0.0));
    send(&mut state, C::Flip(Flip::Show));
    assert!(state.compare.is_flipped);
    send(&mut state, C::Flip(Flip::Back));
    assert!(!state.compare.is_flipped);
}
