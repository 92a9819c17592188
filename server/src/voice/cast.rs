//! Who hears, speaks and converses in a campaign: providers of the settings in the order in which they are asked, the embedded
//! ones last.

use super::chain::{Chain, Link, Shared, Told};
use super::conversation::Providers;
use super::dialogue::mind::Chat;
use super::providers::{Provided, Provider, provided};
use super::recognise::Recogniser;
use super::synthesise::cache::Cached;
use super::synthesise::{Synthesiser, Voice};
use crate::domain::plain;
use dialdeck_protocol::VoiceChoice;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long an embedded provider may take.
const EMBEDDED: Duration = Duration::from_secs(12);
/// How long a language model may take for its first word.
const FIRST_WORD: Duration = Duration::from_secs(4);

/// Names of the embedded ones.
pub const VOICES: [&str; 3] = ["flite", "espeak-ng", "espeak"];
/// The embedded recogniser, by either name: the one that is there.
pub const RECOGNISERS: [&str; 2] = ["pocketsphinx", "moonshine"];
/// The script alone.
pub const SCRIPTED: &str = "scripted";

struct Member {
    provided: Provided,
    patience: Duration,
    /// Each role by itself: who hears well may speak badly.
    hears: Shared,
    speaks: Shared,
    converses: Shared,
}

/// Who is named in the settings, and in which order they are asked where a campaign says nothing.
#[derive(Default)]
pub struct Roles<'a> {
    /// Providers by name.
    pub providers: Option<&'a BTreeMap<String, Provider>>,
    /// Who hears.
    pub hears: Vec<String>,
    /// Who speaks.
    pub speaks: Vec<String>,
    /// Who converses.
    pub converses: Vec<String>,
}

/// All of them.
pub struct Cast {
    members: BTreeMap<String, Member>,
    recogniser: Option<Arc<dyn Recogniser>>,
    synthesiser: Arc<dyn Synthesiser>,
    voice: Voice,
    embedded_hears: Shared,
    embedded_speaks: Shared,
    /// Orders that hold where a campaign has none.
    hears: Vec<String>,
    speaks: Vec<String>,
    converses: Vec<String>,
    told: Told,
}

/// The names in a setting.
pub fn names(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

impl Cast {
    /// Of those that are named, with the embedded ones as far as they are there.
    pub fn new(
        roles: Roles<'_>,
        recogniser: Option<Arc<dyn Recogniser>>,
        synthesiser: Arc<dyn Synthesiser>,
        voice: Voice,
        told: Told,
    ) -> Self {
        let members = roles.providers.into_iter().flatten().filter_map(|(name, provider)| {
            let provided = provided(name, provider).ok()?;
            // What was spoken before is kept, whoever spoke it.
            let synthesiser =
                provided.synthesiser.map(|inner| Arc::new(Cached::new(inner)) as Arc<dyn Synthesiser>);
            let provided = Provided { synthesiser, ..provided };
            let (hears, speaks, converses) = Default::default();
            let patience = provider.timeout();
            Some((name.clone(), Member { provided, patience, hears, speaks, converses }))
        });
        Self {
            members: members.collect(),
            recogniser,
            synthesiser,
            voice,
            embedded_hears: Shared::default(),
            embedded_speaks: Shared::default(),
            hears: roles.hears,
            speaks: roles.speaks,
            converses: roles.converses,
            told,
        }
    }

    /// Those who are named and can: in a campaign's own order, or else in the usual one.
    fn links<P: ?Sized>(
        &self,
        own: &[String],
        usual: &[String],
        can: impl Fn(&Member) -> Option<(&Arc<P>, &Shared)>,
    ) -> Vec<Link<P>> {
        let order = if own.is_empty() { usual } else { own };
        let link = |name: &String| {
            let member = self.members.get(name)?;
            let (provider, health) = can(member)?;
            Some(Link::new(name.clone(), provider.clone(), member.patience).sharing(health))
        };
        order.iter().filter_map(link).collect()
    }

    /// Whether there is everybody whom a campaign names, in the role in which it names them.
    ///
    /// # Errors
    /// Who is not there, and who is.
    pub fn knows(&self, choice: &VoiceChoice) -> Result<(), String> {
        let members = |can: &dyn Fn(&Provided) -> bool| -> Vec<&str> {
            let able = self.members.iter().filter(|(_, member)| can(&member.provided));
            able.map(|(name, _)| name.as_str()).collect()
        };
        let roles = [
            ("recognisers", &choice.recognisers, members(&|p| p.recogniser.is_some()), &RECOGNISERS[..]),
            ("synthesisers", &choice.synthesisers, members(&|p| p.synthesiser.is_some()), &VOICES[..]),
            ("dialogue", &choice.dialogue, members(&|p| p.chat.is_some()), &[SCRIPTED][..]),
        ];
        for (role, named, remote, embedded) in roles {
            let known = [&remote[..], embedded].concat();
            if let Some(stranger) = named.iter().find(|name| !known.contains(&name.as_str())) {
                let stranger = plain::line(stranger, 40);
                return Err(format!(
                    "voice.{role}: nobody here is called {stranger}; there are {}",
                    known.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Who hears: those that are named, and the embedded one at last.
    pub fn recogniser(&self, choice: &VoiceChoice) -> Option<Arc<dyn Recogniser>> {
        let mut links = self.links(&choice.recognisers, &self.hears, |member| {
            Some((member.provided.recogniser.as_ref()?, &member.hears))
        });
        if let Some(embedded) = &self.recogniser {
            if links.is_empty() {
                return Some(embedded.clone());
            }
            let embedded = Link::new("embedded recogniser", embedded.clone(), EMBEDDED);
            links.push(embedded.sharing(&self.embedded_hears));
        }
        (!links.is_empty()).then(|| Arc::new(Chain::<dyn Recogniser>::new(links, self.told.clone())) as _)
    }

    /// Who speaks: those that are named, and the embedded one at last.
    pub fn synthesiser(&self, choice: &VoiceChoice) -> Arc<dyn Synthesiser> {
        let mut links = self.links(&choice.synthesisers, &self.speaks, |member| {
            Some((member.provided.synthesiser.as_ref()?, &member.speaks))
        });
        if links.is_empty() {
            return self.synthesiser.clone();
        }
        let embedded = Link::new("embedded voice", self.synthesiser.clone(), EMBEDDED);
        links.push(embedded.sharing(&self.embedded_speaks));
        Arc::new(Chain::<dyn Synthesiser>::new(links, self.told.clone()))
    }

    /// Who converses; `None`: the script alone.
    pub fn chat(&self, choice: &VoiceChoice) -> Option<Arc<dyn Chat>> {
        let mut links = self.links(&choice.dialogue, &self.converses, |member| {
            Some((member.provided.chat.as_ref()?, &member.converses))
        });
        for link in &mut links {
            link.patience = link.patience.min(FIRST_WORD);
        }
        (!links.is_empty()).then(|| Arc::new(Chain::<dyn Chat>::new(links, self.told.clone())) as _)
    }

    /// What a campaign's conversations are held with. `usual`: where words are carried, what makes and reads them.
    pub fn providers(&self, choice: &VoiceChoice, usual: &Providers, words: bool) -> Providers {
        let chat = self.chat(choice);
        if words {
            return Providers { chat, ..usual.clone() };
        }
        let named = |own: &str, usual: &str| if own.is_empty() { usual.to_owned() } else { own.to_owned() };
        let voice = Voice {
            name: named(&choice.voice, &self.voice.name),
            language: named(&choice.language, &self.voice.language),
        };
        Providers {
            tap: None,
            recogniser: self.recogniser(choice).unwrap_or_else(|| usual.recogniser.clone()),
            synthesiser: self.synthesiser(choice),
            voice,
            chat,
            timing: usual.timing,
            detection: usual.detection,
        }
    }
}
