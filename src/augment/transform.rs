//! The traits of an augmentation: its settings, its random draw for a picture, and the draw's
//! effect.

use super::affine::Matrix;
use super::frame::Frame;
use crate::keras::Conventions;
use anyhow::Result;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::fmt::Debug;
use tch::Tensor;

/// The settings of an augmentation; the default changes nothing. Each one also implements
/// [`Geometric`] or [`Color`].
pub trait Transform: Default + PartialEq {
    /// The draw for one picture.
    type Drawn: Debug + Clone + Copy + PartialEq;

    /// Draws for one picture of `frame`; the number of draws must not depend on the settings.
    fn draw(&self, frame: &Frame, dice: &mut Dice) -> Self::Drawn;

    /// Whether it changes anything.
    fn is_active(&self) -> bool {
        *self != Self::default()
    }

    /// Checks what the schema of the settings does not express.
    ///
    /// # Errors
    /// If a setting is outside its range; the error names both.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The active settings in words, such as `rotation 40`.
    fn names(&self) -> Vec<String>;

    /// The effect on a picture in words, such as `+27°`; empty if there is none.
    fn caption(drawn: &Self::Drawn) -> String;
}

/// An augmentation that moves pixels.
pub trait Geometric: Transform {
    /// The effect on a picture.
    fn effect(drawn: &Self::Drawn, conventions: &Conventions) -> Effect;
}

/// An augmentation that changes values and moves no pixels.
pub trait Color: Transform {
    /// Changes `images`, `[N, H, W, C]` f32 in 0..=255, with one of the `N` draws per picture.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    fn recolor(images: &Tensor, drawn: &[Self::Drawn], conventions: &Conventions)
    -> Result<Tensor>;
}

/// How a geometric augmentation moves the pixels of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// A factor of the matrix from output to input, about the center.
    Matrix(Matrix),
    /// A flip after all matrices.
    Flip {
        /// Left to right.
        horizontal: bool,
        /// Upside down.
        vertical: bool,
    },
}

/// The random numbers of one picture.
#[derive(Debug)]
pub struct Dice {
    random: ChaCha8Rng,
}

impl Dice {
    /// Draws from `random`, one number per call of a method.
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

    /// True with probability 1/2.
    pub fn coin(&mut self) -> bool {
        self.between(0.0, 1.0) < 0.5
    }
}

/// `name range`, unless the range is 0.
pub(super) fn named(name: &str, range: f64) -> Option<String> {
    (range != 0.0).then(|| format!("{name} {range}"))
}

/// The effect of an active augmentation on a picture in words, if there is one.
pub(super) fn caption<T: Transform>(settings: &T, drawn: &T::Drawn) -> Option<String> {
    settings.is_active().then(|| T::caption(drawn)).filter(|caption| !caption.is_empty())
}
