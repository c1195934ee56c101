//! Pixels → batches: the one place where pixels become tensors and go to a device.

pub use super::batch::{Batch, Input, to_images};
pub use super::order::Order;
use super::order::Sequence;
use crate::device::upload;
use crate::keras::Iteration;
use crate::pictures::pixels::{Pixels, Target};
pub use crate::pictures::source::Source;
use crate::pictures::stream::{Decoders, Promise};
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};

/// Hands out batches, as Keras's generators do: pass after pass over the pictures, the last batch
/// of a pass holding what is left, the position carried from one epoch into the next if so asked.
/// The batch of a step depends on nothing but its number, so a resumed run continues exactly.
#[derive(Debug)]
pub struct Loader {
    storage: Storage,
    device: Device,
    /// Of every picture.
    labels: Vec<i64>,
    sequence: Sequence,
    /// Batches that were asked for before they are needed, and which.
    ahead: VecDeque<(Step, Asked)>,
    waited: Duration,
}

/// Epoch and step of a batch, both from 0.
type Step = (i64, i64);

/// Where the pixels are.
#[derive(Debug)]
enum Storage {
    /// All on the device, pixels as u8: nothing but indices crosses the bus.
    Device {
        input: Input,
        labels: Tensor,
    },
    /// In the host's memory, from which each batch is gathered.
    Host(Pixels),
    Stream(Decoders),
}

/// A batch on its way.
#[derive(Debug)]
struct Asked {
    first: i64,
    labels: Tensor,
    pixels: Coming,
}

#[derive(Debug)]
enum Coming {
    /// Gathered when the batch is needed.
    Later(Vec<usize>),
    /// On the device, or being copied there before anything that is computed next.
    Sent(Tensor),
    Decoding(Promise),
}

impl Loader {
    /// `steps_per_epoch` defaults to one whole pass, and is no more where `iteration` starts every
    /// epoch with a new pass. On a GPU, held pixels are copied there at once if they fit.
    ///
    /// # Errors
    /// If the labels do not fit on the device, or no thread can be started.
    pub fn new(
        source: impl Into<Source>,
        device: Device,
        batch_size: i64,
        steps_per_epoch: Option<i64>,
        order: Order,
        iteration: Iteration,
    ) -> Result<Self> {
        let source = source.into();
        let labels: Vec<i64> = source.samples().iter().map(|sample| sample.label as i64).collect();
        let count = labels.len() as i64;
        let storage = match source {
            Source::Streamed(stream) => Storage::Stream(Decoders::start(stream)?),
            Source::Held(pixels) if device == Device::Cpu => Storage::Host(pixels),
            Source::Held(pixels) => match on_device(&pixels, device) {
                Ok(all) => {
                    let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?;
                    Storage::Device { input: Input::Pixels(all), labels }
                }
                // Not room enough: batches are sent one by one.
                Err(_) => Storage::Host(pixels),
            },
        };
        Ok(Self {
            storage,
            device,
            labels,
            sequence: Sequence::new(count, batch_size, steps_per_epoch, order, iteration),
            ahead: VecDeque::new(),
            waited: Duration::ZERO,
        })
    }

    /// Hands out `input`, all pictures or what a base made of them, which has `labels`. Both stay
    /// where they are.
    ///
    /// # Errors
    /// If the labels cannot be read.
    pub fn of_input(
        input: Input,
        labels: Tensor,
        batch_size: i64,
        steps_per_epoch: Option<i64>,
        order: Order,
        iteration: Iteration,
    ) -> Result<Self> {
        let of_each = Vec::<i64>::try_from(&labels)?;
        let count = of_each.len() as i64;
        Ok(Self {
            device: input.values().device(),
            storage: Storage::Device { input, labels },
            labels: of_each,
            sequence: Sequence::new(count, batch_size, steps_per_epoch, order, iteration),
            ahead: VecDeque::new(),
            waited: Duration::ZERO,
        })
    }

    /// The label of every picture, in the samples' order.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// Whole passes in the samples' order, for looking at every picture once.
    ///
    /// # Errors
    /// As [`Loader::new`].
    pub fn sorted(source: impl Into<Source>, device: Device, batch_size: i64) -> Result<Self> {
        Self::new(source, device, batch_size, None, Order::Sorted, Iteration::WholePass)
    }

    /// Number of pictures.
    pub fn len(&self) -> i64 {
        self.labels.len() as i64
    }

    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Batches in an epoch.
    pub fn steps_per_epoch(&self) -> i64 {
        self.sequence.steps_per_epoch()
    }

    /// The time that [`batch`](Self::batch) has taken so far: what training waited for its data.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The batch of step `step` (0-based) of epoch `epoch` (0-based).
    ///
    /// # Errors
    /// If libtorch is out of memory, or a streamed picture cannot be decoded: its path, and why.
    pub fn batch(&mut self, epoch: i64, step: i64) -> Result<Batch> {
        let start = Instant::now();
        let batch = match &self.storage {
            Storage::Device { input, labels } => {
                let slice = self.sequence.slice(epoch, step);
                let indices = self.sequence.indices_on(slice, self.device)?;
                let part = |all: &Tensor| -> Result<Tensor> {
                    Ok(match &indices {
                        Some(indices) => all.f_index_select(0, indices)?,
                        None => all.f_narrow(0, slice.start, slice.length)?,
                    })
                };
                Batch { input: input.map(part)?, labels: part(labels)?, first: slice.first }
            }
            _ => self.gathered(epoch, step)?,
        };
        self.waited += start.elapsed();
        Ok(batch)
    }

    /// The batch of a step, whose pixels are not all on the device; the next ones are asked for.
    fn gathered(&mut self, epoch: i64, step: i64) -> Result<Batch> {
        // Steps come one after the other; after a jump, what was asked for is of no use.
        if self.ahead.front().is_some_and(|(number, _)| *number != (epoch, step)) {
            self.ahead.clear();
        }
        let ahead = match &self.storage {
            Storage::Stream(decoders) => decoders.ahead(),
            _ => 1,
        };
        let mut next = match self.ahead.back() {
            Some(&((epoch, step), _)) => self.sequence.after(epoch, step),
            None => (epoch, step),
        };
        while self.ahead.len() <= ahead {
            let asked = self.ask(next)?;
            self.ahead.push_back((next, asked));
            next = self.sequence.after(next.0, next.1);
        }
        let (_, asked) = self.ahead.pop_front().context("a batch has just been asked for")?;
        let pixels = match asked.pixels {
            Coming::Sent(pixels) => pixels,
            Coming::Later(indices) => self.gather(&indices)?,
            Coming::Decoding(promise) => {
                let bytes = promise.recv().context("a thread that decodes has ended")??;
                let Storage::Stream(decoders) = &self.storage else {
                    anyhow::bail!("only a stream decodes")
                };
                self.send(decoders.target(), &bytes)?
            }
        };
        Ok(Batch { input: Input::Pixels(pixels), labels: asked.labels, first: asked.first })
    }

    fn ask(&mut self, (epoch, step): Step) -> Result<Asked> {
        let slice = self.sequence.slice(epoch, step);
        let indices = self.sequence.indices(slice);
        let labels: Vec<i64> = indices.iter().map(|&index| self.labels[index]).collect();
        let pixels = match &self.storage {
            Storage::Stream(decoders) => Coming::Decoding(decoders.ask(indices)?),
            Storage::Host(pixels) if self.device == Device::Cpu => {
                indices.iter().for_each(|&index| pixels.read_ahead(index));
                Coming::Later(indices)
            }
            _ => Coming::Sent(self.gather(&indices)?),
        };
        let labels = upload(&Tensor::f_from_slice(&labels)?, self.device)?;
        Ok(Asked { first: slice.first, labels, pixels })
    }

    /// The pictures at `indices` of held pixels, on the device.
    fn gather(&self, indices: &[usize]) -> Result<Tensor> {
        let Storage::Host(pixels) = &self.storage else {
            anyhow::bail!("only pixels in the host's memory are gathered")
        };
        let mut bytes = Vec::with_capacity(indices.len() * pixels.target.bytes());
        indices.iter().for_each(|&index| bytes.extend_from_slice(pixels.picture(index)));
        self.send(pixels.target, &bytes)
    }

    /// `bytes` of whole pictures as a tensor on the device.
    fn send(&self, target: Target, bytes: &[u8]) -> Result<Tensor> {
        let tensor = Tensor::f_from_data_size(bytes, &shape(target, bytes), Kind::Uint8)?;
        upload(&tensor, self.device)
    }
}

/// All pixels on `device`, `[N, H, W, C]` u8, sent in parts so that the host needs no second copy.
fn on_device(pixels: &Pixels, device: Device) -> Result<Tensor> {
    let stride = pixels.target.bytes();
    let bytes = &pixels.bytes[..pixels.samples.len() * stride];
    let all = Tensor::f_empty(shape(pixels.target, bytes), (Kind::Uint8, device))?;
    let mut start = 0;
    for part in bytes.chunks(256 * stride) {
        let part = Tensor::f_from_data_size(part, &shape(pixels.target, part), Kind::Uint8)?;
        let length = part.size()[0];
        all.f_narrow(0, start, length)?.f_copy_(&part)?;
        start += length;
    }
    Ok(all)
}

/// `[N, H, W, C]` of `bytes` of whole pictures.
fn shape(target: Target, bytes: &[u8]) -> [i64; 4] {
    let Target { height, width, color_mode, .. } = target;
    let count = bytes.len() / target.bytes();
    [count, height, width, color_mode.channels()].map(|size| size as i64)
}
