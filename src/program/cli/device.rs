//! The names of devices, for completion.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command};
use std::ffi::{OsStr, OsString};

/// Names that are offered; `cuda:1` and so on are valid, too.
const NAMES: [&str; 4] = ["auto", "cpu", "cuda", "mps"];

/// A parser of devices that offers their names.
#[derive(Debug, Clone)]
pub struct DeviceParser<P>(pub P);

impl<P: TypedValueParser> TypedValueParser for DeviceParser<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, Error> {
        self.0.parse_ref(command, arg, value)
    }

    fn parse(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: OsString,
    ) -> Result<P::Value, Error> {
        self.0.parse(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(NAMES.into_iter().map(PossibleValue::new)))
    }
}
