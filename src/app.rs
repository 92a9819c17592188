//! The console's loop: keys and news in, a drawn state out, at most once for all that is waiting.

mod arrange;
mod callbacks;
mod dialpad;
mod history;
mod knowledge;
mod monitoring;
mod overlay;
mod playback;
mod seat;
mod setup;
mod vicidial;
mod watch;

use crate::action::Action;
use crate::args::Server;
use crate::key::{Key, written};
use crate::keymap::Found;
use crate::net::{self, Ask, Heard};
use crate::password;
use crate::settings::Settings;
use crate::state::{Asked, Field, FloorChange, Form, Link, Need, Overlay, Pane, State, View};
use crate::terminal::{self, Keys, Screen};
use crate::ui;
use crate::ui::login::Login;
use chrono::Utc;
use color_eyre::eyre::{Result, eyre};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind};
use dialdeck_protocol::{Answer, Command, Query, Role, ServerMessage};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Keys or news taken before a frame is drawn all the same.
const BURST: usize = 512;
/// Least time between two frames that only news asks for: nobody reads faster, and each costs a terminal far away its bytes.
const FRAME: Duration = Duration::from_millis(33);

/// Runs the console until the person leaves it.
///
/// # Errors
/// When keymap or theme are wrong, or the terminal breaks.
pub async fn run(server: Server, theme: Option<&str>) -> Result<()> {
    let mut settings = Settings::load(theme).map_err(|e| eyre!(e))?;
    let known = password::known()?;
    let (mut screen, taken) = terminal::take()?;
    let mut keys = terminal::keys();
    let mut login = Login::new(&server, known);
    loop {
        let Some(token) = login.run(&mut screen, &settings.theme, &mut keys, &server.url).await? else {
            break;
        };
        let mut app = App::new(server.url.clone(), token, settings.clone());
        let left = app.run(&mut screen, &mut keys).await?;
        // What was saved and bound stays so for whoever logs in next.
        settings = app.settings;
        match left {
            Left::Quit => break,
            Left::LoggedOut(why) => login.say(&why),
        }
    }
    drop(taken);
    Ok(())
}

/// What a terminal event asks for.
enum Input {
    Nothing,
    Redraw,
    Leave,
}

enum Left {
    Quit,
    LoggedOut(String),
}

struct App {
    state: State,
    /// What is shown while the screen is frozen.
    frozen: Option<State>,
    settings: Settings,
    /// Seconds that this has run.
    seconds: u64,
    /// The view to go to as soon as the floor is known.
    begins_with: Option<View>,
    /// Whether somebody has gone to a view by themselves.
    has_gone: bool,
    /// Whether the server tells us of floors.
    watching: bool,
    /// Keys of a sequence that were pressed so far.
    pending: Vec<Key>,
    /// Commands of one action on many rows that are still to be sent.
    later: VecDeque<Command>,
    /// What was typed to set up a VICIdial, until it is.
    unfinished: Option<Vec<Field>>,
    /// A form of ours that was sent and is not answered: what the server refuses is mended, not typed again.
    sent_form: Option<Box<Form>>,
    asks: mpsc::UnboundedSender<Ask>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl App {
    fn new(server: url::Url, token: String, settings: Settings) -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        let (tell, heard) = mpsc::unbounded_channel();
        tokio::spawn(net::run(server, token, asked, tell));
        Self {
            state: State::default(),
            frozen: None,
            settings,
            seconds: 0,
            begins_with: None,
            has_gone: false,
            watching: false,
            pending: Vec::new(),
            later: VecDeque::new(),
            unfinished: None,
            sent_form: None,
            asks,
            heard,
        }
    }

    async fn run(&mut self, screen: &mut Screen, keys: &mut Keys) -> Result<Left> {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        // What was pressed is seen at once; news waits until the last frame has stood for its time.
        let (mut draw, mut news_waits) = (true, false);
        let mut next_frame = Instant::now();
        loop {
            draw |= news_waits && Instant::now() >= next_frame;
            if std::mem::take(&mut draw) {
                news_waits = false;
                next_frame = Instant::now() + FRAME;
                let state = self.frozen.as_ref().unwrap_or(&self.state);
                let keys = ui::Keys {
                    keymap: &self.settings.keymap,
                    hotkeys: &self.settings.hotkeys,
                    pending: &self.pending,
                };
                let theme = &self.settings.theme;
                let (frozen, link) = (self.frozen.is_some(), &self.state.link);
                screen.draw(|frame| {
                    ui::draw(frame, state, keys, theme, frozen.then_some(link), Utc::now());
                })?;
            }
            tokio::select! {
                // Keys before news: no burst of events makes a person wait.
                biased;
                key = keys.recv() => {
                    let page = screen.size()?.height as usize / 2;
                    let mut next = key;
                    // A key held down is many keys: all that wait are taken before a frame is drawn.
                    for _ in 0..BURST {
                        match next {
                            Some(event) => match self.input(event, page) {
                                Input::Nothing => {}
                                Input::Redraw => draw = true,
                                Input::Leave => return Ok(Left::Quit),
                            },
                            None => return Ok(Left::Quit),
                        }
                        match keys.try_recv() {
                            Ok(more) => next = Some(more),
                            Err(_) => break,
                        }
                    }
                }
                news = self.heard.recv() => {
                    news_waits = true;
                    let mut next = news;
                    // Events that wait are taken together.
                    let mut events = Vec::new();
                    for _ in 0..BURST {
                        match next {
                            Some(Heard::LoggedOut(why)) => return Ok(Left::LoggedOut(why)),
                            Some(Heard::Message(message)) if matches!(*message, ServerMessage::Events { .. }) => {
                                if let ServerMessage::Events { events: more } = *message {
                                    events.extend(more);
                                }
                            }
                            Some(news) => {
                                self.take_events(std::mem::take(&mut events));
                                self.hear(news);
                            }
                            None => return Ok(Left::LoggedOut("the connection has ended".into())),
                        }
                        match self.heard.try_recv() {
                            Ok(more) => next = Some(more),
                            Err(_) => break,
                        }
                    }
                    self.take_events(events);
                }
                () = tokio::time::sleep_until(next_frame), if news_waits => {}
                _ = second.tick() => {
                    let ticks = self.state.notes.second() || self.state.ticks();
                    draw = (self.second(screen)? || ticks) && self.frozen.is_none();
                }
            }
        }
    }

    fn input(&mut self, event: Event, page: usize) -> Input {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => Input::Nothing,
            Event::Key(key) if self.key(key, page) => Input::Leave,
            Event::Paste(text) if !self.paste(&text) => Input::Nothing,
            _ => Input::Redraw,
        }
    }

    fn hear(&mut self, news: Heard) {
        match news {
            Heard::Lost(why) => {
                let since = match &self.state.link {
                    Link::Lost { since, .. } => *since,
                    _ => Utc::now(),
                };
                self.state.link = Link::Lost { since, why };
                // What was asked for and not answered is asked for again.
                self.state.knowledge.clear();
                self.state.past.asked = None;
                self.state.lead_asked = None;
                self.state.guide_asked = None;
                self.sent_form = None;
                self.later.clear();
                // A question about a state that is old is not answered later.
                if matches!(
                    self.state.overlay,
                    Some(Overlay::Confirm { .. } | Overlay::Choose { .. } | Overlay::Ask { .. })
                ) {
                    self.state.overlay = None;
                }
            }
            Heard::LoggedOut(_) => {}
            Heard::Exporting(bytes) => {
                self.state.notes.underway(&format!("the calls are carried out: {} kB so far", bytes / 1024));
            }
            Heard::Form(reply) => {
                if let ServerMessage::Reply { result: Err(problem), .. } = reply.as_ref() {
                    self.mend(&problem.message);
                }
                self.sent_form = None;
                self.message(*reply);
            }
            Heard::Played(how) => self.played(how),
            Heard::Exported(Ok(done)) => self.note(&done, false),
            Heard::Exported(Err(why)) => self.note(&why, true),
            Heard::Message(message) => self.message(*message),
        }
    }

    fn message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { user, user_id, role, now, .. } => {
                self.state.user = user;
                self.state.user_id = user_id;
                let first = self.state.role.replace(role).is_none();
                if first {
                    let layout = self.settings.layouts.begin(role);
                    // Whoever has gone somewhere before they were known stays there.
                    self.begins_with = Some(layout.view).filter(|_| !self.has_gone);
                    self.state.layout = layout;
                }
                self.state.clock_ahead_ms = (now - Utc::now()).num_milliseconds();
                // Resuming brings events and no snapshot: what is shown is live from here.
                if self.state.seq.is_some() {
                    self.state.link = Link::Live;
                    self.ask_callbacks();
                }
                // What was asked for and not answered is asked for again.
                self.state.knowledge.clear();
                self.state.past.is_old = true;
                // A new connection is told of floors anew.
                self.watching = false;
                self.watch_floors();
                if self.state.view == View::History && !self.state.history_loaded {
                    self.ask_history();
                }
                if self.state.view == View::Dialpad {
                    self.ask_dialpad();
                }
            }
            ServerMessage::Snapshot(snapshot) => {
                self.state.take_snapshot(*snapshot, Utc::now());
                self.state.link = Link::Live;
                // Unless somebody has gone elsewhere, or moved there, meanwhile.
                if let Some(view) = self.begins_with.take().filter(|view| *view != self.state.view) {
                    self.go_to(view);
                }
                self.state.choices_of = None;
                self.state.lead_asked = None;
                self.state.guide_asked = None;
                self.ask_callbacks();
                self.ask_figures();
                self.fetch_for_seat();
            }
            ServerMessage::Events { events } => self.take_events(events),
            ServerMessage::Reply { result, .. } => {
                self.next_command();
                match result {
                    Ok(answer) => {
                        if matches!(answer, Answer::Done { .. } | Answer::Once { .. }) {
                            self.unfinished = None;
                        }
                        // A new webhook is answered with its secret.
                        if matches!(answer, Answer::Once { .. }) {
                            // It is not told again: the picture before it goes.
                            self.frozen = None;
                        }
                        let done = matches!(answer, Answer::Done { .. } | Answer::Once { .. });
                        if done && self.state.view != View::Learning {
                            self.ask_set_up();
                        }
                        self.state.take_answer(answer);
                    }
                    Err(problem) => self.note(&problem.message, true),
                }
            }
            ServerMessage::Floor(floor) => self.state.take_floor(*floor),
            ServerMessage::FloorChange {
                vicidial,
                now,
                read_at,
                thresholds,
                trouble,
                agents,
                gone,
                calls,
                campaigns,
            } => {
                let change =
                    FloorChange { now, read_at, thresholds, trouble, agents, gone, calls, campaigns };
                self.state.change_floor(&vicidial, change);
            }
            ServerMessage::Refused(problem) => self.note(&problem.message, true),
        }
    }

    fn take_events(&mut self, events: Vec<dialdeck_protocol::Event>) {
        if events.is_empty() {
            return;
        }
        let needs = self.state.take_events(events, Utc::now());
        self.fetch_for_seat();
        for need in needs {
            match need {
                Need::Nothing => {}
                Need::Snapshot => drop(self.asks.send(Ask::Snapshot)),
                Need::Dialpad => self.ask_dialpad(),
                Need::Callbacks => self.ask_callbacks(),
            }
        }
    }

    fn note(&mut self, text: &str, bad: bool) {
        self.state.notes.say(text, bad);
    }

    /// True to leave.
    fn key(&mut self, event: KeyEvent, page: usize) -> bool {
        self.state.notes.clear();
        if let Some(picture) = &mut self.frozen {
            picture.notes.clear();
        }
        if self.state.overlay.is_some() {
            let leave = self.overlay_key(event);
            if self.state.overlay.is_none() {
                self.state.overlay = self.state.unread.pop_front();
            }
            return leave;
        }
        if !self.pending.is_empty() {
            return self.sequence_key(event, page);
        }
        if self.frozen.is_none() && self.state.disposes_by_key() && self.dispose_by_key(event) {
            return false;
        }
        if self.frozen.is_none()
            && let Some(hotkey) = self.settings.hotkeys.of(Key::of(event), self.state.pane).cloned()
        {
            return self.press(&hotkey);
        }
        self.sequence_key(event, page)
    }

    /// A key of the keymap, the first one or one that follows. True to leave.
    fn sequence_key(&mut self, event: KeyEvent, page: usize) -> bool {
        let key = Key::of(event);
        if !self.pending.is_empty() && event.code == KeyCode::Esc {
            self.pending.clear();
            return false;
        }
        self.pending.push(key);
        let action = match self.settings.keymap.find(&self.pending) {
            Found::Prefix => return false,
            Found::Action(action) => {
                self.pending.clear();
                action
            }
            Found::Nothing => {
                let typed = std::mem::take(&mut self.pending);
                if typed.len() > 1 {
                    self.note(&format!("{} does nothing", written(&typed)), true);
                }
                return false;
            }
        };
        match self.frozen.take() {
            Some(picture) => self.act_on_picture(action, picture, page),
            None => self.act(action, page),
        }
    }

    /// While the screen is frozen, looking around moves within the picture; nothing is done to what has moved on
    /// behind it.
    fn act_on_picture(&mut self, action: Action, mut picture: State, page: usize) -> bool {
        match action {
            Action::Quit => return true,
            Action::Freeze | Action::Back => return false,
            _ if action.is_command()
                || action.is_of_dialpad()
                || action == Action::Open && matches!(picture.view, View::History | View::Dialpad)
                || matches!(
                    action,
                    Action::Filter
                        | Action::Palette
                        | Action::Help
                        | Action::History
                        | Action::Agents
                        | Action::Callbacks
                        | Action::Vicidial
                        | Action::Why
                        | Action::LeadSyncs
                        | Action::Capabilities
                        | Action::SetUpVicidial
                        | Action::Floor
                        | Action::Dashboard
                        | Action::Server
                        | Action::Alerts
                        | Action::Acknowledge
                        | Action::Mark
                        | Action::Narrow
                        | Action::Knowledge
                        | Action::Reload
                        | Action::Numbers
                        | Action::Connectors
                        | Action::Learning
                        | Action::Replay
                        | Action::Faster
                        | Action::Slower
                        | Action::Export
                        | Action::Play
                        | Action::NextStep
                        | Action::PreviousStep
                        | Action::Objection
                        | Action::NextLayout
                        | Action::SaveLayout
                        | Action::Columns
                        | Action::Messages
                ) =>
            {
                let text = format!("{}: the picture is frozen; thaw it first", action.what());
                picture.notes.say(&text, true);
            }
            // In a picture one moves, and nothing is fetched.
            Action::Down | Action::Up | Action::Top | Action::Bottom | Action::PageDown | Action::PageUp => {
                picture.step(action, page.max(1));
            }
            _ => {
                std::mem::swap(&mut self.state, &mut picture);
                self.act(action, page);
                std::mem::swap(&mut self.state, &mut picture);
            }
        }
        self.frozen = Some(picture);
        false
    }

    /// True to leave.
    fn act(&mut self, action: Action, page: usize) -> bool {
        if action.goes_to().is_some() {
            (self.begins_with, self.has_gone) = (None, true);
        }
        if action.is_command() && self.state.marked.were_lost() {
            self.note("the marked row has gone; press it again for the selected one", true);
            return false;
        }
        if !action.is_available(&self.state) {
            let why = if action.is_command() && !self.state.is_live() {
                "the server is not there: nothing is done, and nothing is kept for later".to_owned()
            } else if action.is_command() && self.state.role.is_some_and(|role| role < action.least_role()) {
                let own = self.state.role.map_or("none", Role::as_str);
                format!("your role is {own}; it takes {}", action.least_role())
            } else {
                "not possible here".to_owned()
            };
            self.note(&format!("{}: {why}", action.what()), true);
            return false;
        }
        if self.act_on_vicidial(action)
            || self.act_on_dialpad(action)
            || self.act_on_rows(action)
            || self.arrange(action)
            || self.set_up(action)
            || self.play(action)
            || self.guide(action)
            || self.go(action)
        {
            return false;
        }
        match action {
            Action::Quit => return true,
            Action::CallFunction => {
                // The palette holds every function; typed so far, only they are left.
                let whose = if self.state.view == View::Dialpad { "dialpad. " } else { "vicidial. " };
                self.state.overlay = Some(Overlay::Palette { typed: whose.into(), selected: 0 });
            }
            Action::Help => self.state.overlay = Some(Overlay::Help { scrolled: 0 }),
            Action::Palette => {
                self.state.overlay = Some(Overlay::Palette { typed: String::new(), selected: 0 });
            }
            Action::Filter => {
                if self.state.filtered != self.state.pane {
                    self.state.filter.clear();
                    self.state.filtered = self.state.pane;
                    self.search_dialpad();
                }
                self.state.overlay = Some(Overlay::Filter);
            }
            Action::Freeze => {
                self.frozen = if self.frozen.is_some() { None } else { Some(self.state.clone()) };
            }
            Action::Zoom => self.state.zoomed = !self.state.zoomed,
            Action::Back => self.back(),
            Action::ResetList => self.begin_reset(),
            Action::Reload if self.state.view == View::Dialpad => self.ask_dialpad(),
            Action::Reload if self.state.view == View::History => self.ask_history(),
            Action::Reload
                if matches!(self.state.view, View::Numbers | View::Connectors | View::Learning) =>
            {
                self.ask_set_up();
            }
            Action::Reload => self.ask_figures(),
            Action::NextPane => self.state.turn(true),
            Action::PreviousPane => self.state.turn(false),
            Action::Open => self.open(),
            Action::Down | Action::Up | Action::Top | Action::Bottom | Action::PageDown | Action::PageUp => {
                self.state.step(action, page.max(1));
                self.ask_older_history();
                let rows = self.state.shown_dialpad_calls().len();
                if self.state.pane == Pane::DialpadCalls
                    && self.state.selection(Pane::DialpadCalls, rows).is_some_and(|at| at + 1 == rows)
                {
                    self.ask_older_calls();
                }
            }
            Action::StartQueue => self.start_queue(),
            Action::LeadSyncs => {
                let _ = self.asks.send(Ask::Query(Query::LeadSyncs));
            }
            Action::SetUpVicidial => self.begin_vicidial(None),
            Action::Capabilities => {
                let _ = self.asks.send(Ask::Query(Query::Capabilities));
                self.state.notes.asked("asked; each function is tried, which takes seconds");
            }
            Action::StopQueue => {
                if let Some(campaign) = self.state.selected_campaign() {
                    let name = crate::plain::line(&campaign.name);
                    let question = format!("Stop calling for {name}? Calls in flight go on.");
                    let command = Command::StopQueue { campaign_id: campaign.id };
                    self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
                }
            }
            _ if action.is_of_callbacks() || self.state.view == View::Callbacks => {
                self.act_on_callback(action);
            }
            _ if action.is_of_dialpad() => self.look_at_dialpad(action),
            _ => self.act_on_agents(action),
        }
        false
    }

    /// What is done to rows as they are seen, and to how they look.
    fn act_on_rows(&mut self, action: Action) -> bool {
        match action {
            Action::NextTheme => match self.settings.next_theme() {
                Ok(name) => {
                    self.note(&format!("theme {name}; theme = \"{name}\" in config.toml keeps it"), false);
                }
                Err(why) => self.note(&why, true),
            },
            Action::Messages => {
                let mut lines = self.state.notes.said();
                if lines.is_empty() {
                    lines.push("nothing yet".into());
                }
                self.state.show("What was said, the newest first · Esc closes".into(), lines);
            }
            Action::Acknowledge => {
                if let Some(key) = self.state.selected_alert().map(str::to_owned) {
                    self.state.alerts.acknowledge(&key);
                }
            }
            Action::HangUp => {
                let calls = self.state.meant_calls();
                let question = match calls.as_slice() {
                    [] => return true,
                    [call] => format!("Hang up on {} ({})?", crate::plain::line(&call.name), call.phone),
                    all => format!("Hang up on all {} marked calls?", all.len()),
                };
                let commands =
                    calls.into_iter().map(|call| Command::HangUp { call_id: call.id.clone() }).collect();
                self.state.overlay = Some(Overlay::Confirm { question, commands });
            }
            Action::Mark => {
                if let Some(mark) = self.state.markable() {
                    self.state.marked.toggle(mark);
                    self.state.step(Action::Down, 1);
                }
            }
            Action::Knowledge => {
                self.ask_knowledge();
                self.state.overlay = Some(Overlay::Ask { what: Asked::Knowledge, text: String::new() });
            }
            Action::Narrow => {
                let text = self.state.past.typed.clone();
                self.state.overlay = Some(Overlay::Ask { what: Asked::Narrow, text });
            }
            _ => return false,
        }
        true
    }

    /// Goes to another view, where an action does that.
    fn go(&mut self, action: Action) -> bool {
        let Some(view) = action.goes_to() else { return false };
        self.go_to(view);
        true
    }

    /// Goes to another view, and asks for what it shows.
    fn go_to(&mut self, view: View) {
        match view {
            View::Agents => self.go_to_agents(),
            View::Dialpad => return self.look_at_dialpad(Action::Dialpad),
            view => self.state.go(view),
        }
        match view {
            View::History => self.ask_history(),
            View::Dashboard | View::Server => self.ask_figures(),
            View::Callbacks => self.ask_callbacks(),
            _ => self.ask_set_up(),
        }
        self.watch_floors();
    }

    /// Goes through the script, or from campaign to campaign where one learns from them; false where an action does something else.
    fn guide(&mut self, action: Action) -> bool {
        let forward = match action {
            Action::NextStep => true,
            Action::PreviousStep => false,
            Action::Objection => {
                if let Some(guide) = &mut self.state.guide {
                    guide.turn();
                }
                return true;
            }
            _ => return false,
        };
        if self.state.view != View::Learning {
            if let Some(guide) = &mut self.state.guide {
                guide.step(forward);
            }
            return true;
        }
        let rows = self.state.shown_campaigns().len();
        let Some(at) = self.state.selection(Pane::Campaigns, rows) else { return true };
        let to = if forward { (at + 1) % rows } else { (at + rows - 1) % rows };
        self.state.selected.insert(Pane::Campaigns, to);
        self.state.selected.remove(&Pane::Learning);
        self.ask_set_up();
        true
    }

    fn back(&mut self) {
        self.frozen = None;
        if !self.state.filter.is_empty() {
            self.state.keeping_selection(|state| state.filter.clear());
            self.search_dialpad();
        } else if !self.state.marked.is_empty() {
            self.state.marked.clear();
        } else if self.state.zoomed {
            self.state.zoomed = false;
        } else {
            self.state.pane = self.state.view.panes()[0];
        }
        self.state.scrolled = None;
    }

    fn open(&mut self) {
        match self.state.pane {
            Pane::Campaigns => self.state.pane = Pane::Calls,
            Pane::Calls => self.state.pane = Pane::Conversation,
            Pane::History => {
                if let Some(id) = self.state.selected_past_call().map(|c| c.id.clone()) {
                    let _ = self.asks.send(Ask::Query(Query::Conversation { call_id: id }));
                    self.state.pane = Pane::Transcript;
                }
            }
            Pane::Conversation
            | Pane::Transcript
            | Pane::Agents
            | Pane::Seat
            | Pane::Callbacks
            | Pane::Dashboard
            | Pane::Parts
            | Pane::Log
            | Pane::Audit
            | Pane::Alerts
            | Pane::Numbers
            | Pane::Connectors
            | Pane::Learning
            | Pane::FloorCampaigns
            | Pane::FloorCalls => {}
            Pane::DialpadAgents | Pane::DialpadCalls => self.open_in_dialpad(),
        }
    }

    /// Dialling many people asks first, with what it will cost.
    fn start_queue(&mut self) {
        let Some(campaign) = self.state.selected_campaign() else { return };
        let (id, name) = (campaign.id, crate::plain::line(&campaign.name));
        let question = format!("Start calling for {name}?");
        let command = Command::StartQueue { campaign_id: id, phone_number_id: None, review_after: None };
        self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
        let _ = self.asks.send(Ask::Query(Query::Estimate { campaign_id: id }));
    }
}
