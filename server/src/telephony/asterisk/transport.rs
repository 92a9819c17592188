//! How a call's sound comes to us: chosen by the operator and by what Asterisk has. Pure.

use std::path::PathBuf;

/// A way for sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `app_audiosocket`: Asterisk connects to us.
    AudioSocket,
    /// `chan_websocket` (22.6, 20.16 and later): we connect to Asterisk, where ARI is.
    WebSocket,
    /// STREAM FILE and RECORD FILE in a folder that both see: by turns, and nobody is heard while we speak.
    Files,
}

impl Transport {
    /// Its name in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AudioSocket => "audiosocket",
            Self::WebSocket => "websocket",
            Self::Files => "files",
        }
    }

    /// By its name in the settings.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::AudioSocket, Self::WebSocket, Self::Files].into_iter().find(|way| way.as_str() == name)
    }
}

/// What the operator set.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The one to use; `None`: the best that there is.
    pub transport: Option<Transport>,
    /// The shared folder, where there is one.
    pub shared: Option<SharedFolder>,
}

/// A folder that Asterisk and we both read and write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFolder {
    /// Where we see it.
    pub here: PathBuf,
    /// Where Asterisk does; plain characters only, because it stands in a command.
    pub there: String,
}

/// What Asterisk has loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modules {
    /// `app_audiosocket`.
    pub audiosocket: bool,
    /// `chan_websocket`.
    pub websocket: bool,
}

/// The way to use.
///
/// # Errors
/// What is missing, and what to do.
pub fn choose(wish: &Wish, has: Modules) -> Result<Transport, String> {
    let can = |way| match way {
        Transport::AudioSocket => has.audiosocket,
        Transport::WebSocket => has.websocket,
        Transport::Files => wish.shared.is_some(),
    };
    let missing = |way| match way {
        Transport::AudioSocket => "app_audiosocket is not loaded",
        Transport::WebSocket => "chan_websocket is not loaded (Asterisk 22.6, 20.16 or later)",
        Transport::Files => "asterisk.shared names no folder",
    };
    let order = [Transport::AudioSocket, Transport::WebSocket, Transport::Files];
    match wish.transport {
        Some(way) if can(way) => Ok(way),
        Some(way) => Err(format!(
            "asterisk.transport is {}, but {}; load it, or leave asterisk.transport empty",
            way.as_str(),
            missing(way)
        )),
        None => order.into_iter().find(|way| can(*way)).ok_or_else(|| {
            format!("no way for sound: {}; {}; {}", missing(order[0]), missing(order[1]), missing(order[2]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Modules, SharedFolder, Transport, Wish, choose};

    #[test]
    fn the_operators_wish_then_the_best_that_there_is() {
        let both = Modules { audiosocket: true, websocket: true };
        let none = Modules::default();
        let shared = SharedFolder { here: "/srv/dialdeck".into(), there: "/srv/dialdeck".into() };
        let wish = |transport| Wish { transport, shared: None };
        let with_folder = Wish { transport: None, shared: Some(shared) };
        assert_eq!(choose(&wish(None), both), Ok(Transport::AudioSocket));
        assert_eq!(choose(&wish(None), Modules { audiosocket: false, ..both }), Ok(Transport::WebSocket));
        assert_eq!(choose(&with_folder, none), Ok(Transport::Files));
        assert_eq!(choose(&with_folder, both), Ok(Transport::AudioSocket));
        assert_eq!(choose(&wish(Some(Transport::WebSocket)), both), Ok(Transport::WebSocket));
        let refused = choose(&wish(Some(Transport::WebSocket)), none).unwrap_err();
        assert!(refused.contains("chan_websocket is not loaded"), "{refused}");
        assert!(choose(&wish(Some(Transport::Files)), both).unwrap_err().contains("asterisk.shared"));
        assert!(choose(&wish(None), none).unwrap_err().starts_with("no way for sound"));
        for way in [Transport::AudioSocket, Transport::WebSocket, Transport::Files] {
            assert_eq!(Transport::parse(way.as_str()), Some(way));
        }
    }
}
