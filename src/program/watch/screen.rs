//! What is drawn of the runs.

use super::chart;
use super::followed::Followed;
use crate::program::duration;
use petite::history::{self, Epoch};
use petite::report::chart::{Mark, Quantity, Series};
use petite::report::colors::{BLUE, ORANGE, of_series};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// The least size of a chart, in columns and rows.
const LEAST: (u16, u16) = (36, 7);
/// Rows below the charts for several runs.
const LISTED: usize = 8;

/// Draws `runs` on the whole of `screen`. Only ASCII unless `is_unicode`.
pub fn draw(runs: &[Followed], is_unicode: bool, screen: &mut Buffer) {
    let mut below: Vec<Line> = match runs {
        [] => vec![Line::from("waiting for the run to begin").bold()],
        [run] => details(run, screen.area.width.into()),
        _ => list(runs, screen.area),
    };
    below.push(Line::from("q leaves").dim());
    let rows = [Constraint::Min(0), Constraint::Length(below.len() as u16)];
    let [charts, text] = Layout::vertical(rows).areas(screen.area);
    for (quantity, area) in Quantity::BOTH.into_iter().zip(areas(charts)) {
        let Some(area) = area else { continue };
        let line = |(index, run): (usize, &Followed)| {
            let (color, value) = (of_series(index), |row: &Epoch| quantity.validation(row));
            Series::new("", Mark::Line(1.0), color, &run.rows, value)
        };
        let (series, title) = match runs {
            [run] => (quantity.of_run(&run.rows), of_both(quantity)),
            _ => {
                let name = if quantity == Quantity::Loss { "val_loss" } else { "val_acc" };
                (runs.iter().enumerate().map(line).collect(), Line::from(name).bold())
            }
        };
        chart::draw(&quantity.chart("", series), title, area, screen);
    }
    for (line, row) in below.into_iter().zip(text.rows()) {
        line.render(row, screen);
    }
    if !is_unicode {
        to_ascii(screen);
    }
}

/// The title of a single run's chart, with its legend.
fn of_both(quantity: Quantity) -> Line<'static> {
    Line::from(vec![
        Span::from(format!("{}  ", quantity.name())).bold(),
        Span::from("• train").fg(chart::color(BLUE)),
        Span::from("  "),
        Span::from("⠤ validation").fg(chart::color(ORANGE)),
    ])
}

/// The areas of both charts, side by side or one above the other; of accuracy only, or of none, if
/// there is no room.
fn areas(area: Rect) -> [Option<Rect>; 2] {
    let halves = [Constraint::Fill(1), Constraint::Fill(1)];
    let beside = Layout::horizontal(halves).spacing(2);
    let is_large = |area: &Rect| area.width >= LEAST.0 && area.height >= LEAST.1;
    let choices = match area.width >= 2 * area.height {
        true => [beside, Layout::vertical(halves)],
        false => [Layout::vertical(halves), beside],
    };
    for layout in choices {
        let both: [Rect; 2] = layout.areas(area);
        if both.iter().all(is_large) {
            return both.map(Some);
        }
    }
    [(area.height > 2 && area.width > 10).then_some(area), None]
}

/// Lines about a single run, of at most `width` columns.
fn details(run: &Followed, width: usize) -> Vec<Line<'static>> {
    let (done, epochs) = (run.rows.len(), run.config.training.epochs);
    let progress = format!("epoch {done}/{epochs}");
    let first = fitted(&[run.name.clone(), progress, run.state()], width);
    let about = format!("{}, seed {}", run.config.network.model.name(), run.config.seed);
    let (Some(last), Some(best)) = (run.rows.last(), history::best(&run.rows)) else {
        return vec![Line::from(first).bold(), Line::from(fitted(&[about], width))];
    };
    let validation = |row: &Epoch| {
        [format!("val_loss {:.4}", row.val_loss), format!("val_acc {:.4}", row.val_acc)]
    };
    let mut of_last = vec!["last".to_owned()];
    of_last.extend(validation(last));
    of_last.extend([format!("acc {:.4}", last.acc), format!("loss {:.4}", last.loss)]);
    let mut of_best = vec!["best".to_owned(), format!("epoch {}", best.epoch)];
    of_best.extend(validation(best));
    let mut speed: Vec<String> = Vec::new();
    speed.extend(run.seconds_per_epoch().map(|epoch| format!("{} per epoch", short(epoch))));
    speed.extend(last.images_per_second.map(|speed| format!("{speed:.0} pictures/s")));
    speed.extend(last.learning_rate.map(|rate| format!("learning rate {rate:e}")));
    speed.push(about);
    let mut lines = vec![Line::from(first).bold()];
    lines.extend([of_last, of_best, speed].map(|parts| Line::from(fitted(&parts, width))));
    lines
}

/// The first of `parts` that fit into `width` columns, and at least one.
fn fitted(parts: &[String], width: usize) -> String {
    let mut line = String::new();
    for part in parts {
        let longer = if line.is_empty() { part.clone() } else { format!("{line}  {part}") };
        if !line.is_empty() && longer.chars().count() > width {
            break;
        }
        line = longer;
    }
    line
}

/// A line for each of several runs, or for the last ones, in a screen of this size.
fn list(runs: &[Followed], size: Rect) -> Vec<Line<'static>> {
    let room = LISTED.min(usize::from(size.height) / 3).max(1);
    let longest = runs.iter().map(|run| run.name.chars().count()).max().unwrap_or(0);
    let line = |(index, run): (usize, &Followed)| {
        let mut parts = vec![format!("{:<longest$}", run.name)];
        parts.push(format!("{}/{}", run.rows.len(), run.config.training.epochs));
        if let (Some(last), Some(best)) = (run.rows.last(), history::best(&run.rows)) {
            parts.push(format!("val_loss {:.4}", last.val_loss));
            parts.push(format!("best {:.4} ({})", best.val_loss, best.epoch));
        }
        parts.push(run.state());
        let text = fitted(&parts, usize::from(size.width).saturating_sub(2));
        Line::from(vec![Span::from("⠤ ").fg(chart::color(of_series(index))), Span::from(text)])
    };
    let lines: Vec<_> = runs.iter().enumerate().map(line).collect();
    lines[lines.len().saturating_sub(room)..].to_vec()
}

/// `0.4 s`, and longer durations as elsewhere.
fn short(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1} s") } else { duration::shown(seconds) }
}

/// Replaces what only UTF-8 terminals show.
fn to_ascii(screen: &mut Buffer) {
    for cell in &mut screen.content {
        let ascii = match cell.symbol() {
            symbol if symbol.is_ascii() => continue,
            "•" => ".",
            "│" => "|",
            "─" => "-",
            "└" => "+",
            // A part of a line.
            symbol if symbol.chars().all(|dots| ('\u{2800}'..='\u{28ff}').contains(&dots)) => "*",
            _ => "?",
        };
        cell.set_symbol(ascii);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petite::{Config, Recipe};
    use std::time::Duration;

    fn run(name: &str, epochs: i64) -> Followed {
        let row = |epoch: i64| {
            let loss = 1.0 / epoch as f64;
            let row = Epoch::new(epoch, loss, 1.0 - loss / 2.0, 0.5 + loss / 4.0, 0.8 - loss / 4.0);
            let (seconds, images_per_second) = (Some(44.4), Some(50.2));
            Epoch { seconds, images_per_second, learning_rate: Some(1e-4), ..row }
        };
        let mut config = Config::new(Recipe::Baseline, "data");
        config.training.epochs = 30;
        Followed {
            name: name.to_owned(),
            config,
            rows: (1..=epochs).map(row).collect(),
            since: Duration::from_secs(10),
            has_ended: false,
        }
    }

    /// The rows of a screen of this size.
    fn drawn(runs: &[Followed], is_unicode: bool, (width, height): (u16, u16)) -> Vec<String> {
        let mut screen = Buffer::empty(Rect::new(0, 0, width, height));
        draw(runs, is_unicode, &mut screen);
        let rows = screen.content.chunks(usize::from(width).max(1));
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>())
            .map(|row| row.trim_end().to_owned())
            .collect()
    }

    #[test]
    fn a_run_has_both_curves_and_its_figures() {
        let rows = drawn(&[run("runs/baseline", 12)], true, (80, 24));
        assert_eq!(
            rows[19..],
            [
                "runs/baseline  epoch 12/30  13 min left",
                "last  val_loss 0.5208  val_acc 0.7792  acc 0.9583  loss 0.0833",
                "best  epoch 12  val_loss 0.5208  val_acc 0.7792",
                "44 s per epoch  50 pictures/s  learning rate 1e-4  convnet, seed 1",
                "q leaves"
            ]
        );
        let title = "accuracy  • train  ⠤ validation";
        assert_eq!(rows[0], format!("{title:<41}loss  • train  ⠤ validation"));
        assert!(rows[17].trim_start().starts_with("└─") && rows[18].ends_with("12"), "{rows:#?}");
        let has = |range: std::ops::Range<usize>, symbol: fn(char) -> bool| {
            rows[1..17]
                .iter()
                .any(|row| row.chars().skip(range.start).take(range.len()).any(symbol))
        };
        for half in [5..39, 46..80] {
            assert!(has(half.clone(), |symbol| symbol == '•'), "{rows:#?}");
            assert!(has(half, |symbol| ('\u{2801}'..='\u{28ff}').contains(&symbol)), "{rows:#?}");
        }
    }

    #[test]
    fn a_small_screen_has_what_fits() {
        let rows = drawn(&[run("runs/baseline", 12)], true, (40, 12));
        assert_eq!(
            rows[7..],
            [
                "runs/baseline  epoch 12/30  13 min left",
                "last  val_loss 0.5208  val_acc 0.7792",
                "best  epoch 12  val_loss 0.5208",
                "44 s per epoch  50 pictures/s",
                "q leaves"
            ]
        );
        assert_eq!(rows[0], "accuracy  • train  ⠤ validation");
        assert!(rows[1].starts_with("1.0│"), "{rows:#?}");
        for (width, height) in [(0, 0), (1, 1), (9, 3), (20, 5), (300, 4), (5, 100), (500, 200)] {
            for runs in
                [Vec::new(), vec![run("a", 0)], vec![run("a", 1)], vec![run("a", 30), run("b", 2)]]
            {
                drawn(&runs, true, (width, height));
            }
        }
    }

    #[test]
    fn several_runs_share_the_plots() {
        let runs = [run("runs/one", 12), run("runs/another", 30), run("c", 0)];
        let rows = drawn(&runs, true, (100, 30));
        assert!(rows[0].starts_with("val_acc ") && rows[0].contains("  val_loss"), "{rows:#?}");
        assert_eq!(
            rows[26..],
            [
                "⠤ runs/one      12/30  val_loss 0.5208  best 0.5208 (12)  13 min left",
                "⠤ runs/another  30/30  val_loss 0.5083  best 0.5083 (30)  complete",
                "⠤ c             0/30  no epoch yet, 10 s",
                "q leaves"
            ]
        );
        assert!(!rows.concat().contains('•'), "{rows:#?}");
    }

    #[test]
    fn a_terminal_without_unicode_gets_ascii() {
        for runs in [vec![run("é", 12)], vec![run("a", 12), run("b", 3)]] {
            let rows = drawn(&runs, false, (80, 24));
            assert!(rows.iter().all(|row| row.is_ascii()), "{rows:#?}");
            let all = rows.concat();
            assert!(all.contains('*') && all.contains("+---") && all.contains('|'), "{rows:#?}");
        }
    }

    #[test]
    fn values_that_are_not_finite_are_left_out() {
        let mut broken = run("a", 3);
        broken.rows[1].val_loss = f64::NAN;
        broken.rows[2].val_loss = f64::INFINITY;
        let rows = drawn(&[broken], true, (80, 24));
        // The right half has the losses of training, 1, 0.5 and 0.33, and that of the only epoch with
        // a val_loss, 0.75: one point, and no line.
        let loss = |row: &String| row.chars().skip(41).collect::<String>();
        let losses: Vec<String> = rows[1..19].iter().map(loss).collect();
        let is_of_line = |symbol: &char| ('\u{2801}'..='\u{28ff}').contains(symbol);
        let count = |row: &String| row.chars().filter(is_of_line).count();
        assert_eq!(losses.iter().map(count).sum::<usize>(), 1, "{rows:#?}");
        assert_eq!(losses.concat().matches('•').count(), 3, "{rows:#?}");
        assert!(losses[0].starts_with("1.0│") && losses[15].starts_with("0.0│"), "{rows:#?}");
    }
}
