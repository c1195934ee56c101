//! What an augmentation is: its settings, what is drawn from them for a picture, and what that does
//! to the picture.

use super::affine::Matrix;
use crate::keras::Conventions;
use anyhow::Result;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::fmt::Debug;
use tch::Tensor;

/// The settings of an augmentation, which change nothing by default. It is [`Geometric`] or a
/// [`Color`] as well.
pub trait Transform: Default + PartialEq {
    /// What is drawn for one picture.
    type Drawn: Debug + Clone + Copy + PartialEq;

    /// Draws for one picture of `frame`, as many numbers whatever the settings are.
    fn draw(&self, frame: &Frame, dice: &mut Dice) -> Self::Drawn;

    /// Whether it changes anything.
    fn is_active(&self) -> bool {
        *self != Self::default()
    }

    /// Checks what the schema of the settings does not say.
    ///
    /// # Errors
    /// If a setting is outside what it can be: the setting, and what was expected.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The settings that change something in words, such as `rotation 40`.
    fn names(&self) -> Vec<String>;

    /// What it does to a picture in words, such as `+27°`; nothing, if it does nothing.
    fn caption(drawn: &Self::Drawn) -> String;
}

/// An augmentation that moves pixels.
pub trait Geometric: Transform {
    /// What it does to a picture.
    fn effect(drawn: &Self::Drawn, conventions: &Conventions) -> Effect;
}

/// An augmentation that changes values where they are.
pub trait Color: Transform {
    /// Changes `images`, `[N, H, W, C]` f32 in 0..=255, each by its own of the `N` values `drawn`.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    fn recolor(images: &Tensor, drawn: &[Self::Drawn], conventions: &Conventions)
    -> Result<Tensor>;
}

/// How a geometric augmentation moves the pixels of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// A factor of the matrix that leads from output to input, around the center.
    Matrix(Matrix),
    /// Mirrored after all matrices.
    Flip {
        /// Left to right.
        horizontal: bool,
        /// Upside down.
        vertical: bool,
    },
}

/// The pictures' size, and what the version of Keras does: on what a transform depends besides its
/// settings and draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Rows of the picture.
    pub height: usize,
    /// Columns of the picture.
    pub width: usize,
    /// Of the version of Keras that is followed.
    pub conventions: Conventions,
}

/// Where the random numbers of one picture come from.
#[derive(Debug)]
pub struct Dice {
    random: ChaCha8Rng,
}

impl Dice {
    /// Takes its numbers from `random`, one each time.
    pub fn new(random: ChaCha8Rng) -> Self {
        Self { random }
    }

    /// U(low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random.random::<f64>()
    }

    /// U(−range, range).
    pub fn within(&mut self, range: f64) -> f64 {
        self.between(-range, range)
    }

    /// True every other time.
    pub fn coin(&mut self) -> bool {
        self.between(0.0, 1.0) < 0.5
    }
}

/// `name range`, unless the range is 0.
pub(super) fn named(name: &str, range: f64) -> Option<String> {
    (range != 0.0).then(|| format!("{name} {range}"))
}

/// What an active augmentation does to a picture in words, if it does anything.
pub(super) fn caption<T: Transform>(settings: &T, drawn: &T::Drawn) -> Option<String> {
    settings.is_active().then(|| T::caption(drawn)).filter(|caption| !caption.is_empty())
}
