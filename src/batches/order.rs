//! Selects the pictures of each step's batch.

use crate::keras::Iteration;
use crate::machine::device::upload;
use crate::random::{Purpose, generator};
use anyhow::Result;
use rand::seq::SliceRandom;
use tch::{Device, Tensor};

/// The order in which a loader yields its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The order of the samples.
    Sorted,
    /// A new permutation for every pass, drawn from the seed.
    Shuffled {
        /// The seed of the run.
        seed: u64,
        /// The random stream to draw from; its index is the number of the pass.
        purpose: Purpose,
    },
}

/// How pictures are divided into batches and epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// Pictures of a batch.
    pub size: i64,
    /// Batches of an epoch; `None` is one pass, which is the most with [`Iteration::WholePass`].
    pub steps_per_epoch: Option<i64>,
    /// The order of the pictures.
    pub order: Order,
    /// Where an epoch starts.
    pub iteration: Iteration,
}

impl Batching {
    /// Whole passes in the order of the samples.
    pub fn sorted(size: i64) -> Self {
        let (order, iteration) = (Order::Sorted, Iteration::WholePass);
        Self { size, steps_per_epoch: None, order, iteration }
    }

    /// Whole passes, each in an order of its own, which depends on `seed` and the number of the pass.
    pub fn shuffled(size: i64, seed: u64) -> Self {
        let order = Order::Shuffled { seed, purpose: Purpose::TrainOrder };
        Self { order, ..Self::sorted(size) }
    }
}

/// Batches over `count` pictures, pass after pass.
#[derive(Debug)]
pub(super) struct Sequence {
    count: i64,
    batch_size: i64,
    steps_per_epoch: i64,
    order: Order,
    iteration: Iteration,
    /// The most recently used pass.
    pass: Option<Pass>,
}

#[derive(Debug)]
struct Pass {
    number: i64,
    indices: Vec<i64>,
    /// `indices` on the device, `[count]` i64; created on first use.
    on_device: Option<Tensor>,
}

/// A batch's range within its pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    pass: i64,
    pub start: i64,
    pub length: i64,
    /// Index of the batch's first picture in the endless stream of pictures, from 0.
    pub first: i64,
}

impl Sequence {
    pub fn new(count: i64, batching: Batching) -> Self {
        let Batching { size: batch_size, steps_per_epoch, order, iteration } = batching;
        let pass = batches(count, batch_size);
        let steps_per_epoch = match (steps_per_epoch, iteration) {
            (None, _) => pass,
            (Some(steps), Iteration::Endless) => steps,
            (Some(steps), Iteration::WholePass) => steps.min(pass),
        };
        Self { count, batch_size, steps_per_epoch, order, iteration, pass: None }
    }

    pub fn steps_per_epoch(&self) -> i64 {
        self.steps_per_epoch
    }

    /// The next epoch and step.
    pub fn after(&self, epoch: i64, step: i64) -> (i64, i64) {
        if step + 1 < self.steps_per_epoch { (epoch, step + 1) } else { (epoch + 1, 0) }
    }

    pub fn slice(&self, epoch: i64, step: i64) -> Slice {
        let batches_per_pass = batches(self.count, self.batch_size);
        let (pass, batch) = match self.iteration {
            Iteration::Endless => {
                let number = epoch * self.steps_per_epoch + step;
                (number / batches_per_pass, number % batches_per_pass)
            }
            Iteration::WholePass => (epoch, step),
        };
        let start = batch * self.batch_size;
        let length = self.batch_size.min(self.count - start);
        Slice { pass, start, length, first: pass * self.count + start }
    }

    /// The sample indices of `slice`.
    pub fn indices(&mut self, slice: Slice) -> Vec<usize> {
        let range = slice.start as usize..(slice.start + slice.length) as usize;
        match self.order {
            Order::Sorted => range.collect(),
            Order::Shuffled { seed, purpose } => {
                let pass = self.pass(slice.pass, seed, purpose);
                pass.indices[range].iter().map(|&index| index as usize).collect()
            }
        }
    }

    /// The sample indices of `slice`, `[length]` i64 on `device`; `None` if they are consecutive,
    /// from `slice.start`.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn indices_on(&mut self, slice: Slice, device: Device) -> Result<Option<Tensor>> {
        let Order::Shuffled { seed, purpose } = self.order else { return Ok(None) };
        let Pass { indices, on_device, .. } = self.pass(slice.pass, seed, purpose);
        let all = match on_device {
            Some(all) => all,
            None => on_device.insert(upload(&Tensor::f_from_slice(indices)?, device)?),
        };
        Ok(Some(all.f_narrow(0, slice.start, slice.length)?))
    }

    /// Pass `number`, drawn unless it is the current one.
    fn pass(&mut self, number: i64, seed: u64, purpose: Purpose) -> &mut Pass {
        let current = self.pass.take().filter(|pass| pass.number == number);
        self.pass.insert(current.unwrap_or_else(|| {
            let mut indices: Vec<i64> = (0..self.count).collect();
            indices.shuffle(&mut generator(seed, purpose, number as u64));
            Pass { number, indices, on_device: None }
        }))
    }
}

/// Number of batches in a pass, including a partial last one.
fn batches(count: i64, batch_size: i64) -> i64 {
    (count + batch_size - 1) / batch_size
}
