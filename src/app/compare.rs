//! Two postings side by side: which, how, and how far zoomed. Mode, zoom and pan survive to the next pair; a verdict here is
//! about exactly the two postings on screen. It knows no points and no pixels: the view turns them into [`Look`]s.

mod actions;
mod verdict;

use super::duplicates::Stopwatch;
use super::{AppState, Effect};
use crate::catalog::PostingIdx;
use crate::review::{EntryId, Verdict};

pub(super) use actions::ACTIONS;

/// How the two pictures are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompareMode {
    /// Next to each other.
    #[default]
    SideBySide,
    /// One at a time in the same place.
    Flip,
    /// A line wipes from one to the other.
    Wipe,
    /// The absolute difference.
    Difference,
}

impl CompareMode {
    /// All, in the order of the M key.
    pub const ALL: [Self; 4] = [Self::SideBySide, Self::Flip, Self::Wipe, Self::Difference];

    /// Name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::SideBySide => "Side by side",
            Self::Flip => "Flip",
            Self::Wipe => "Wipe",
            Self::Difference => "Difference",
        }
    }

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|mode| *mode == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// How large a picture is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// This many times the size at which it just fits.
    Fit(f32),
    /// This many screen pixels for each of its own.
    Pixels(f32),
}

impl Scale {
    /// This scale times `factor`, within what makes sense: never smaller than fitted, at most 40 times.
    #[must_use]
    pub fn times(self, factor: f32) -> Self {
        match self {
            Self::Fit(by) => Self::Fit((by * factor).clamp(1.0, 40.0)),
            Self::Pixels(by) => Self::Pixels((by * factor).clamp(0.05, 16.0)),
        }
    }
}

/// Zoom and pan of one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How large.
    pub scale: Scale,
    /// The point of the picture in the middle of the view, 0 to 1 in each direction.
    pub centre: [f32; 2],
}

impl Default for Look {
    fn default() -> Self {
        Self { scale: Scale::Fit(1.0), centre: [0.5, 0.5] }
    }
}

impl Look {
    fn panned(self, by: [f32; 2]) -> Self {
        let step = match self.scale {
            Scale::Fit(factor) => 0.1 / factor,
            Scale::Pixels(_) => 0.04,
        };
        let moved = |at: f32, by: f32| (at + by * step).clamp(0.0, 1.0);
        Self { centre: [moved(self.centre[0], by[0]), moved(self.centre[1], by[1])], ..self }
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

/// Whether zoom and pan of the two pictures go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZoomLock {
    /// They do.
    #[default]
    Locked,
    /// Each by itself, with the pointer; keys move the left one.
    Free,
}

/// Whether the pictures change places now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flip {
    /// The key went down.
    Show,
    /// The key was let go.
    Back,
}

/// What the overlay was opened for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Deciding whether the two are duplicates.
    #[default]
    Deciding,
    /// Looking; what is decided elsewhere is not asked here.
    Looking,
}

/// State of the overlay.
#[derive(Clone, Debug)]
pub struct CompareState {
    /// The two postings, while open.
    pub pair: Option<(PostingIdx, PostingIdx)>,
    /// Other postings of the item, to go through as partners.
    pub partners: Vec<PostingIdx>,
    /// Which of the two is the partner that Q and E change.
    pub partner_side: Side,
    /// What it was opened for.
    pub purpose: Purpose,
    /// The layout.
    pub mode: CompareMode,
    /// Zoom and pan, left and right.
    pub looks: [Look; 2],
    /// Whether they go together.
    pub lock: ZoomLock,
    /// Where the wipe line stands, 0 to 1.
    pub wipe: f32,
    /// Whether the pictures have changed places while the key is held.
    pub is_flipped: bool,
    /// Whether flip mode flips by itself, twice a second.
    pub is_auto_flip: bool,
    /// Whether both pictures (or the reasons why there is none) have been on screen.
    pub is_drawn: bool,
    /// [`super::Now::secs`] when the pair came on screen.
    pub shown_secs: f64,
    /// Time spent on the pair.
    pub watch: Stopwatch,
    recorded: Vec<(EntryId, (PostingIdx, PostingIdx))>,
}

impl Default for CompareState {
    fn default() -> Self {
        Self {
            pair: None,
            partners: Vec::new(),
            partner_side: Side::Right,
            purpose: Purpose::default(),
            mode: CompareMode::default(),
            looks: [Look::default(); 2],
            lock: ZoomLock::default(),
            wipe: 0.5,
            is_flipped: false,
            is_auto_flip: false,
            is_drawn: false,
            shown_secs: 0.0,
            watch: Stopwatch::default(),
            recorded: Vec::new(),
        }
    }
}

impl CompareState {
    /// Whether the overlay is open.
    pub fn is_open(&self) -> bool {
        self.pair.is_some()
    }

    /// The posting that Q and E change.
    pub fn partner(&self) -> Option<PostingIdx> {
        self.pair.map(|(left, right)| if self.partner_side == Side::Left { left } else { right })
    }

    /// The number of the partner among all partners.
    pub fn partner_number(&self) -> Option<usize> {
        let partner = self.partner()?;
        self.partners.iter().position(|posting| *posting == partner)
    }
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareCommand {
    /// Opens the overlay.
    Open {
        /// Left posting.
        left: PostingIdx,
        /// Right posting.
        right: PostingIdx,
        /// What Q and E go through.
        partners: Vec<PostingIdx>,
    },
    /// Closes it.
    Close,
    /// The view has drawn both pictures of this pair, or the reasons why there is none.
    Drawn(PostingIdx, PostingIdx),
    /// Records a verdict on the pair and goes on to the next partner.
    Judge(Verdict),
    /// Takes back the latest gesture, and shows its pair when it was made here.
    Undo,
    /// Next (1) or previous (-1) partner.
    Partner(i32),
    /// The two change places.
    Swap,
    /// Next mode.
    NextMode,
    /// This mode.
    Mode(CompareMode),
    /// Holds the pictures flipped.
    Flip(Flip),
    /// Flips by itself, or stops.
    ToggleAutoFlip,
    /// Locks zoom and pan together, or frees them.
    ToggleLock,
    /// Zooms by a factor, about the middle.
    Zoom(f32),
    /// Zooms to this scale.
    Scale(Scale),
    /// Moves over the picture by steps to the right and down.
    Pan([f32; 2]),
    /// The pointer zoomed or dragged one picture to this look.
    Look(Side, Look),
    /// Moves the wipe line by a share of the width.
    MoveWipe(f32),
    /// Puts the wipe line at a share of the width.
    SetWipe(f32),
}

pub(super) fn apply(state: &mut AppState, command: CompareCommand) -> Vec<Effect> {
    use CompareCommand as C;
    let now = state.now.secs;
    let compare = &mut state.compare;
    if !matches!(command, C::Drawn(..)) {
        compare.watch.touch(now);
    }
    match command {
        C::Open { left, right, partners } => return open(state, left, right, partners),
        C::Close => close(state),
        C::Drawn(left, right) => compare.is_drawn |= compare.pair == Some((left, right)),
        C::Judge(verdict) => return verdict::judge(state, verdict),
        C::Undo => return verdict::undo(state),
        C::Partner(by) => step(state, by),
        C::Swap => {
            compare.pair = compare.pair.map(|(left, right)| (right, left));
            compare.looks.swap(0, 1);
            compare.partner_side = match compare.partner_side {
                Side::Left => Side::Right,
                Side::Right => Side::Left,
            };
        }
        C::NextMode => compare.mode = compare.mode.next(),
        C::Mode(mode) => compare.mode = mode,
        C::Flip(flip) => compare.is_flipped = flip == Flip::Show,
        C::ToggleAutoFlip => compare.is_auto_flip = !compare.is_auto_flip,
        C::ToggleLock => {
            compare.lock = match compare.lock {
                ZoomLock::Locked => ZoomLock::Free,
                ZoomLock::Free => ZoomLock::Locked,
            };
            if compare.lock == ZoomLock::Locked {
                compare.looks[1] = compare.looks[0];
            }
        }
        C::Zoom(factor) => {
            let look = compare.looks[0];
            set_look(compare, Side::Left, Look { scale: look.scale.times(factor), ..look });
        }
        C::Scale(scale) => {
            let centre = match scale {
                Scale::Fit(_) => [0.5, 0.5],
                Scale::Pixels(_) => compare.looks[0].centre,
            };
            set_look(compare, Side::Left, Look { scale, centre });
        }
        C::Pan(by) => set_look(compare, Side::Left, compare.looks[0].panned(by)),
        C::Look(side, look) => set_look(compare, side, look),
        C::MoveWipe(by) => compare.wipe = (compare.wipe + by).clamp(0.0, 1.0),
        C::SetWipe(at) => compare.wipe = at.clamp(0.0, 1.0),
    }
    Vec::new()
}

fn set_look(compare: &mut CompareState, side: Side, look: Look) {
    let look = Look { centre: look.centre.map(|at| at.clamp(0.0, 1.0)), ..look };
    match (compare.lock, side) {
        (ZoomLock::Locked, _) => compare.looks = [look; 2],
        (ZoomLock::Free, Side::Left) => compare.looks[0] = look,
        (ZoomLock::Free, Side::Right) => compare.looks[1] = look,
    }
}

/// Opens the overlay; mode, zoom and pan stay as they were.
pub(super) fn open(
    state: &mut AppState,
    left: PostingIdx,
    right: PostingIdx,
    partners: Vec<PostingIdx>,
) -> Vec<Effect> {
    state.compare.partners = partners;
    state.compare.partner_side = Side::Right;
    state.compare.purpose = Purpose::Deciding;
    state.compare.is_flipped = false;
    state.compare.recorded.clear();
    show(state, (left, right));
    Vec::new()
}

/// Opens the overlay for looking only: it records nothing and shows no score.
pub(super) fn look(
    state: &mut AppState,
    left: PostingIdx,
    right: PostingIdx,
    partners: Vec<PostingIdx>,
) -> Vec<Effect> {
    let effects = open(state, left, right, partners);
    state.compare.purpose = Purpose::Looking;
    effects
}

/// Closes the overlay; the item underneath shows what was decided meanwhile.
pub(super) fn close(state: &mut AppState) {
    if state.compare.pair.take().is_some() && !state.compare.recorded.is_empty() {
        super::duplicates::regroup(state);
    }
}

fn show(state: &mut AppState, pair: (PostingIdx, PostingIdx)) {
    let now = state.now.secs;
    let compare = &mut state.compare;
    compare.pair = Some(pair);
    compare.is_drawn = false;
    compare.shown_secs = now;
    compare.watch = Stopwatch::start(now);
}

/// Goes to the next (1) or previous (-1) partner, from the last to the first.
fn step(state: &mut AppState, by: i32) {
    let Some(at) = state.compare.partner_number() else { return };
    let n = state.compare.partners.len() as i32;
    let next = (at as i32 + by).rem_euclid(n.max(1));
    show_partner(state, next as usize);
}

fn show_partner(state: &mut AppState, number: usize) {
    let (Some((left, right)), Some(&partner)) = (state.compare.pair, state.compare.partners.get(number))
    else {
        return;
    };
    let pair = match state.compare.partner_side {
        Side::Left => (partner, right),
        Side::Right => (left, partner),
    };
    if state.compare.pair != Some(pair) {
        show(state, pair);
    }
}

#[cfg(test)]
mod tests;
