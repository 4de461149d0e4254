//! The families of things: one file each, one line in the enum and one in the table. A family draws its
//! look standing on y = 0 around x = 0, at most about 300 wide and 330 high. It never reads the clock,
//! a file or the background.

mod backpack;
mod bottle;
mod box_;
mod can;
mod candle;
mod headphones;
mod jar;
mod lamp;
mod mug;
mod phone;
mod pouch;
mod shirt;
mod sneaker;
mod soap;
mod sunglasses;
mod toy;
mod tube;
mod watch;

use super::canvas::Canvas;
use super::look::{Look, Pose};

/// A family of things that are drawn alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Jar,
    Bottle,
    Tube,
    Can,
    Box,
    Pouch,
    Mug,
    Shirt,
    Sneaker,
    Headphones,
    Phone,
    Lamp,
    Backpack,
    Soap,
    Toy,
    Watch,
    Sunglasses,
    Candle,
}

impl Family {
    /// Draws one item.
    pub(super) fn draw(self, canvas: &mut Canvas, look: &Look, pose: Pose) {
        let draw: fn(&mut Canvas, &Look, Pose) = match self {
            Self::Jar => jar::draw,
            Self::Bottle => bottle::draw,
            Self::Tube => tube::draw,
            Self::Can => can::draw,
            Self::Box => box_::draw,
            Self::Pouch => pouch::draw,
            Self::Mug => mug::draw,
            Self::Shirt => shirt::draw,
            Self::Sneaker => sneaker::draw,
            Self::Headphones => headphones::draw,
            Self::Phone => phone::draw,
            Self::Lamp => lamp::draw,
            Self::Backpack => backpack::draw,
            Self::Soap => soap::draw,
            Self::Toy => toy::draw,
            Self::Watch => watch::draw,
            Self::Sunglasses => sunglasses::draw,
            Self::Candle => candle::draw,
        };
        draw(canvas, look, pose);
    }
}
