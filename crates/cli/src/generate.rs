//! The man page and shell completions, made of the description of the command line.

use std::io;

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::exit::Failure;
use crate::terminal::print;

/// What can be made of the description of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Generate {
    Man,
    CompleteBash,
    CompleteZsh,
    CompleteFish,
    CompletePowershell,
}

pub(crate) fn run(what: Generate, command: Command) -> Result<(), Failure> {
    let text = match what {
        Generate::Man => man(command).map_err(Failure::failed)?,
        Generate::CompleteBash => completions(command, Shell::Bash),
        Generate::CompleteZsh => completions(command, Shell::Zsh),
        Generate::CompleteFish => completions(command, Shell::Fish),
        Generate::CompletePowershell => completions(command, Shell::PowerShell),
    };
    print(text)
}

fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "jit-trust", &mut text);
    text
}

/// One page for everything: the command, then a section for each of its commands.
fn man(mut command: Command) -> io::Result<Vec<u8>> {
    command.build();
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    for subcommand in command
        .get_subcommands()
        .filter(|subcommand| subcommand.get_name() != "help")
    {
        text.extend_from_slice(&man_section(subcommand)?);
    }
    text.extend(examples(&page)?);
    page.render_version_section(&mut text)?;
    Ok(text)
}

/// One command as a section of the page, its own sections as subsections.
fn man_section(command: &Command) -> io::Result<Vec<u8>> {
    let page = Man::new(command.clone());
    let mut parts = Vec::new();
    page.render_synopsis_section(&mut parts)?;
    page.render_description_section(&mut parts)?;
    page.render_options_section(&mut parts)?;
    parts.extend(examples(&page)?);
    let mut section = format!(".SH \"{}\"\n", command.get_name().to_uppercase()).into_bytes();
    for line in parts.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b".SH ") {
            Some(title) => section.extend([b".SS ", title].concat()),
            None => section.extend_from_slice(line),
        }
    }
    Ok(section)
}

/// The examples and exit statuses, which are laid out by hand and must not be filled.
fn examples(page: &Man) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render_extra_section(&mut text)?;
    let Some(end_of_title) = text.iter().position(|byte| *byte == b'\n') else {
        return Ok(text);
    };
    let lines = text.split_off(end_of_title);
    Ok([b".SH EXAMPLES\n.nf", &lines[..], b"\n.fi\n"].concat())
}
