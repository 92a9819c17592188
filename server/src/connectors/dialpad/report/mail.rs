//! A report as a mail: what can be read in it, the rest as attachments.

use super::{Form, Period, title};
use crate::settings::{MailTls, ReportSettings};
use dialdeck_protocol::dialpad::Picture;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use std::time::Duration;

/// Longest that a mail server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends it to all, in one mail.
pub(super) async fn send(
    settings: &ReportSettings,
    period: &Period,
    picture: &Picture,
    forms: &[Form],
) -> Result<(), String> {
    let mail = message(settings, period, picture, forms)?;
    let host = settings.smtp_host.as_str();
    let relay = match settings.smtp_tls {
        MailTls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
        MailTls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
        MailTls::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)),
    };
    let wrong = |error: lettre::transport::smtp::Error| format!("mail by {host}: {error}");
    let mut relay = relay.map_err(wrong)?.port(settings.smtp_port).timeout(Some(PATIENCE));
    if !settings.smtp_user.is_empty() {
        let password = settings.smtp_password.expose_secret().to_owned();
        relay = relay.credentials(Credentials::new(settings.smtp_user.clone(), password));
    }
    relay.build().send(mail).await.map(|_| ()).map_err(wrong)
}

fn message(
    settings: &ReportSettings,
    period: &Period,
    picture: &Picture,
    forms: &[Form],
) -> Result<Message, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("the mail cannot be written: {error}");
    let address = |text: &String| text.parse::<Mailbox>().map_err(|error| wrong(&error));
    let mut mail = Message::builder().from(address(&settings.mail_from)?).subject(title(picture));
    for to in &settings.mail_to {
        mail = mail.to(address(to)?);
    }
    let words = SinglePart::plain(Form::Md.write(picture));
    let mut parts = if forms.contains(&Form::Html) {
        let both = MultiPart::alternative().singlepart(words);
        MultiPart::mixed().multipart(both.singlepart(SinglePart::html(Form::Html.write(picture))))
    } else {
        MultiPart::mixed().singlepart(words)
    };
    for form in forms {
        let kind = ContentType::parse(form.content_type()).map_err(|error| wrong(&error))?;
        let file = Attachment::new(format!("{}.{}", period.name(), form.ending()));
        parts = parts.singlepart(file.body(form.write(picture), kind));
    }
    mail.multipart(parts).map_err(|error| wrong(&error))
}
