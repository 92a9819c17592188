//! How long a conversation is on the screen, so that only what is seen is broken into lines.

use dialdeck_protocol::Exchange;
use dialdeck_protocol::figures::Words;

/// The conversation that was drawn last, measured.
#[derive(Debug, Clone, Default)]
pub struct Measure {
    of: String,
    width: usize,
    height: usize,
    /// Lines up to and with each exchange.
    ends: Vec<usize>,
    /// Words of all of them.
    words: Words,
    /// First line that is shown while the end is followed.
    top: Option<usize>,
}

impl Measure {
    /// Measures what has come since; `lines` of an exchange at that width. Another conversation, or a pane of another size, is
    /// measured anew.
    pub fn take(
        &mut self,
        of: &str,
        (width, height): (usize, usize),
        exchanges: &[Exchange],
        lines: impl Fn(&Exchange) -> usize,
    ) {
        let same = self.of == of && self.width == width && self.height == height;
        if !same || self.ends.len() > exchanges.len() {
            *self = Self { of: of.to_owned(), width, height, ..Self::default() };
        }
        for exchange in &exchanges[self.ends.len()..] {
            self.ends.push(self.lines() + lines(exchange));
            self.words.take(exchange);
        }
    }

    /// Words of all exchanges.
    pub const fn words(&self) -> Words {
        self.words
    }

    /// Lines of all exchanges.
    pub fn lines(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The exchange in which a line stands, and the line at which that begins.
    pub fn at(&self, line: usize) -> (usize, usize) {
        let exchange = self.ends.partition_point(|end| *end <= line);
        (exchange, exchange.checked_sub(1).map_or(0, |before| self.ends[before]))
    }

    /// The first line to show while the end of `total` lines is followed. Once it no longer fits, what is shown moves up by a third
    /// of the pane at once: a line more then costs a terminal far away that line, not the whole pane each time.
    pub fn follow(&mut self, total: usize) -> usize {
        let end = total.saturating_sub(self.height);
        let slack = self.height / 3;
        let top = match self.top {
            Some(top) if (end..=end + slack).contains(&top) => top,
            Some(top) if top < end => end + slack,
            _ => end,
        };
        self.top = Some(top);
        top
    }
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn the_end_is_followed_in_steps_of_a_third() {
        let mut measure = Measure { height: 9, ..Measure::default() };
        let tops: Vec<usize> = (8..=17).map(|total| measure.follow(total)).collect();
        assert_eq!(tops, [0, 0, 4, 4, 4, 4, 8, 8, 8, 8]);
    }

    #[test]
    fn what_is_begun_anew_is_seen_to_its_end() {
        let mut measure = Measure { height: 9, top: Some(40), ..Measure::default() };
        assert_eq!(measure.follow(20), 11);
        assert_eq!(measure.follow(5), 0);
    }
}
