//! What the jobs report becomes state.

use super::{AppState, Effect};
use crate::jobs::Event;

/// Takes in one event of the jobs.
pub fn absorb(state: &mut AppState, event: Event) -> Vec<Effect> {
    let _ = (state, event);
    Vec::new()
}
