//! Log in.

use super::overlay::centred;
use crate::args::Server;
use crate::net;
use crate::plain;
use crate::terminal::{Keys, Screen};
use crate::theme::Theme;
use color_eyre::eyre::Result;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};
use tui_textarea::TextArea;
use url::Url;

/// The form.
pub struct Login {
    user: TextArea<'static>,
    password: TextArea<'static>,
    on_password: bool,
    message: String,
    /// Given by the environment: tried once, without asking.
    try_at_once: bool,
}

fn field(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(vec![plain::line(text)]);
    area.move_cursor(tui_textarea::CursorMove::End);
    area.set_cursor_line_style(ratatui::style::Style::default());
    area
}

impl Login {
    /// With what is known already.
    pub fn new(server: &Server, password: Option<String>) -> Self {
        let user = server.user.clone().unwrap_or_default();
        let given = password.unwrap_or_default();
        let mut password = field(&given);
        password.set_mask_char('•');
        Self {
            on_password: !user.is_empty(),
            try_at_once: !user.is_empty() && !given.is_empty(),
            user: field(&user),
            password,
            message: String::new(),
        }
    }

    /// Shows why it is asked again.
    pub fn say(&mut self, message: &str) {
        self.message = plain::line(message);
        self.try_at_once = false;
        self.clear_password();
    }

    fn clear_password(&mut self) {
        self.password = field("");
        self.password.set_mask_char('•');
    }

    /// Until logged in (the token) or left (`None`).
    ///
    /// # Errors
    /// When the terminal breaks.
    pub async fn run(
        &mut self,
        screen: &mut Screen,
        theme: &Theme,
        keys: &mut Keys,
        server: &Url,
    ) -> Result<Option<String>> {
        loop {
            if std::mem::take(&mut self.try_at_once)
                && let Some(token) = self.enter(screen, theme, server).await?
            {
                return Ok(Some(token));
            }
            screen.draw(|frame| self.draw(frame, theme, server))?;
            let Some(event) = keys.recv().await else { return Ok(None) };
            let key = match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => key,
                Event::Paste(text) => {
                    self.active().insert_str(plain::line(&text));
                    continue;
                }
                _ => continue,
            };
            let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
            match key.code {
                KeyCode::Esc => return Ok(None),
                _ if ctrl_c => return Ok(None),
                KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down => {
                    self.on_password = !self.on_password;
                }
                KeyCode::Enter if !self.on_password => self.on_password = true,
                KeyCode::Enter => self.try_at_once = true,
                _ => {
                    self.active().input(key);
                }
            }
        }
    }

    fn active(&mut self) -> &mut TextArea<'static> {
        if self.on_password { &mut self.password } else { &mut self.user }
    }

    async fn enter(&mut self, screen: &mut Screen, theme: &Theme, server: &Url) -> Result<Option<String>> {
        "Logging in…".clone_into(&mut self.message);
        screen.draw(|frame| self.draw(frame, theme, server))?;
        let (user, password) = (self.user.lines().join(""), self.password.lines().join(""));
        match net::log_in(server, &user, &password).await {
            Ok(token) => {
                self.clear_password();
                self.message.clear();
                Ok(Some(token))
            }
            Err(why) => {
                self.say(&why);
                Ok(None)
            }
        }
    }

    fn draw(&mut self, frame: &mut Frame, theme: &Theme, server: &Url) {
        let area = centred(frame.area(), 56, 12);
        let block = Block::new()
            .borders(Borders::ALL)
            .border_style(theme.border_focused)
            .title(Line::styled(" Dialdeck · log in ", theme.title));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let [where_, user, password, message] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(3),
            Constraint::Length(3),
            Constraint::Min(1),
        ])
        .areas(inner);
        frame.render_widget(
            Paragraph::new(plain::fit(server.as_str(), usize::from(where_.width))).style(theme.dim),
            where_,
        );
        let hidden = ratatui::style::Style::default();
        let cursor = hidden.add_modifier(ratatui::style::Modifier::REVERSED);
        let on_password = self.on_password;
        for (area, at, title, active) in [
            (&mut self.user, user, " Name ", !on_password),
            (&mut self.password, password, " Password ", on_password),
        ] {
            let style = if active { theme.border_focused } else { theme.border };
            area.set_block(Block::new().borders(Borders::ALL).border_style(style).title(title));
            area.set_cursor_style(if active { cursor } else { hidden });
            frame.render_widget(&*area, at);
        }
        let hint = if self.message.is_empty() {
            "Enter logs in · Tab changes the field · Esc leaves"
        } else {
            &self.message
        };
        let style = if self.message.is_empty() { theme.dim } else { theme.warning };
        frame.render_widget(Paragraph::new(hint.to_owned()).style(style).wrap(Wrap { trim: true }), message);
    }
}
