//! The input channels that are analysed.

use hamiltone_engine::audio::{StereoMixdown, mix_frame};
use nice_plug::prelude::*;

/// A channel or a mix of channels. If the input lacks the channels, the mix of all is used instead, so that a
/// session that is opened on a track with fewer channels is not analysed as silence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum Listen {
    /// The mean of all channels.
    #[default]
    #[id = "mix"]
    Mix,
    /// The first channel.
    #[id = "left"]
    Left,
    /// The second channel.
    #[id = "right"]
    Right,
    /// Half the sum of the first two.
    #[id = "mid"]
    Mid,
    /// Half their difference.
    #[id = "side"]
    Side,
    /// The third channel of a surround layout.
    #[id = "centre"]
    Centre,
    /// The fourth.
    #[id = "lfe"]
    #[name = "LFE"]
    Lfe,
    /// The fifth.
    #[id = "surround-left"]
    #[name = "Surround left"]
    SurroundLeft,
    /// The sixth.
    #[id = "surround-right"]
    #[name = "Surround right"]
    SurroundRight,
    /// Half the sum of both.
    #[id = "surround"]
    Surround,
}

impl Listen {
    /// Every choice, in the order of the menu.
    pub const ALL: [Self; 10] = [
        Self::Mix,
        Self::Left,
        Self::Right,
        Self::Mid,
        Self::Side,
        Self::Centre,
        Self::Lfe,
        Self::SurroundLeft,
        Self::SurroundRight,
        Self::Surround,
    ];

    /// The number of input channels that this needs.
    pub fn channels_needed(self) -> usize {
        match self {
            Self::Mix => 0,
            Self::Left => 1,
            Self::Right | Self::Mid | Self::Side => 2,
            Self::Centre => 3,
            Self::Lfe => 4,
            Self::SurroundLeft => 5,
            Self::SurroundRight | Self::Surround => 6,
        }
    }

    /// This choice if `channels` suffice for it, else the mix.
    pub fn within(self, channels: usize) -> Self {
        if self.channels_needed() <= channels {
            self
        } else {
            Self::Mix
        }
    }

    /// The text in the menu.
    pub fn name(self) -> &'static str {
        Self::variants()[self.to_index()]
    }

    /// Mixes one frame to mono. Does not allocate; `self` must be [`within`](Self::within) the channels. `stereo`
    /// mixes two channels in the same way as for files.
    pub(crate) fn sample<C: AsRef<[f32]>>(
        self,
        channels: &[C],
        frame: usize,
        stereo: &mut StereoMixdown,
    ) -> f32 {
        let at = |channel: usize| channels[channel].as_ref()[frame];
        match self {
            Self::Mix if channels.len() == 2 => stereo.frame(at(0), at(1)),
            Self::Mix => mix_frame(channels.iter().map(|channel| channel.as_ref()[frame])),
            Self::Left => mix_frame([at(0)]),
            Self::Right => mix_frame([at(1)]),
            Self::Mid => mix_frame([at(0), at(1)]),
            Self::Side => mix_frame([at(0), -at(1)]),
            Self::Centre => mix_frame([at(2)]),
            Self::Lfe => mix_frame([at(3)]),
            Self::SurroundLeft => mix_frame([at(4)]),
            Self::SurroundRight => mix_frame([at(5)]),
            Self::Surround => mix_frame([at(4), at(5)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_mixes_its_channels() {
        let frame: Vec<[f32; 1]> = [0.1, 0.3, 0.5, 0.7, 0.2, 0.4].map(|value| [value]).to_vec();
        let mixed = Listen::ALL.map(|listen| {
            listen
                .within(6)
                .sample(&frame, 0, &mut StereoMixdown::new(48_000.0))
        });
        let mix = 2.2 / 6.0;
        let expected = [mix, 0.1, 0.3, 0.2, -0.1, 0.5, 0.7, 0.2, 0.4, 0.3];
        for (listen, (mixed, expected)) in Listen::ALL.iter().zip(mixed.iter().zip(expected)) {
            assert!((mixed - expected).abs() < 1e-6, "{listen:?}: {mixed}");
        }
    }

    #[test]
    fn missing_channels_are_replaced_by_the_mix() {
        for listen in Listen::ALL {
            for channels in 0..8 {
                let within = listen.within(channels);
                assert!(within == Listen::Mix || within.channels_needed() <= channels);
            }
        }
        assert_eq!(Listen::Side.within(1), Listen::Mix);
    }

    #[test]
    fn ids_are_stable() {
        let ids = [
            "mix",
            "left",
            "right",
            "mid",
            "side",
            "centre",
            "lfe",
            "surround-left",
            "surround-right",
            "surround",
        ];
        assert_eq!(Listen::ids(), Some(&ids[..]));
        assert_eq!(Listen::SurroundLeft.name(), "Surround left");
    }
}
