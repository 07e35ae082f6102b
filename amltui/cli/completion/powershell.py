"""The completion script for PowerShell, 5.1 and later."""

from __future__ import annotations

import json
from typing import Any

from amltui.cli.completion.wanted import PROFILE, groups, options_of, takes_of, top
from amltui.cli.reference import CommandEntry


def script(found: list[CommandEntry]) -> str:
    """The script. Where files are wanted it offers nothing, so PowerShell offers its own."""
    table: dict[str, Any] = {
        "top": top(),
        "groups": {
            group.name: {one.name: one.summary for one in group.commands} for group in groups()
        },
        "commands": {
            entry.name: {
                "options": {**options_of(entry), "--profile": PROFILE},
                "takes": takes_of(entry),
                "choices": {
                    name: dict(option.values)
                    for option in entry.options
                    if option.values
                    for name in option.names
                },
                "places": list(entry.places),
            }
            for entry in found
        },
    }
    return f"""# PowerShell: amltui completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName amltui -ScriptBlock {{
    param($current, $tree, $cursor)
    $table = ConvertFrom-Json @'
{json.dumps(table)}
'@
{_BODY}}}
"""


_BODY = r"""    $offer = {
        param($name, $about)
        if (-not $name.StartsWith($start, [StringComparison]::OrdinalIgnoreCase)) { return }
        $text = $name
        if ($name -match '[^\w./@:+-]') { $text = "'" + $name.Replace("'", "''") + "'" }
        if (-not $about) { $about = $name }
        [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $about)
    }
    $words = {
        param($from)
        if ($from) { $from.PSObject.Properties | ForEach-Object { & $offer $_.Name $_.Value } }
    }
    $names = {
        param($kind, $named)
        amltui __complete $kind $shown $named 2>$null | ForEach-Object {
            $name, $about = $_ -split "`t", 2
            & $offer $name $about
        }
    }
    $start = $current.Trim("'", '"')
    # A missing argument is a blank: older versions drop empty ones.
    $shown = ' '
    $group = ''; $command = ''; $before = ''; $ended = $false; $skip = $false; $given = @()
    foreach ($part in @($tree.CommandElements | Select-Object -Skip 1)) {
        if ($part.Extent.EndOffset -ge $cursor -and $current) { break }
        $word = $part.Extent.Text
        if ($part -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $word = $part.Value
        }
        $option = $before
        $before = ''
        if ($option) { if ($option -eq '--profile') { $shown = $word }; continue }
        if (-not $ended) {
            if ($word -eq '--') { $ended = $true; continue }
            $known = @('--profile')
            if ($command) { $known += $table.commands.$command.takes }
            if ($known -ccontains $word) { $before = $word; continue }
            if ($word.StartsWith('-')) { continue }
        }
        if ($command) { $given += $word }
        elseif ($group) { $command = "$group $word" }
        elseif ($table.groups.$word) { $group = $word }
        else { $command = $word }
    }
    if ($before -eq '--profile') { & $names 'profiles' ' '; return }
    if ($before) { & $words $table.commands.$command.choices.$before; return }
    if (-not $ended -and $current.StartsWith('-')) {
        if ($command) { & $words $table.commands.$command.options } else { & $offer '--profile' '' }
        return
    }
    if (-not $command) {
        if ($group) { & $words $table.groups.$group } else { & $words $table.top }
        return
    }
    $place = ''
    $left = $given.Count
    foreach ($one in $table.commands.$command.places) {
        if ($one.EndsWith('*')) { $place = $one.TrimEnd('*'); break }
        if ($left -eq 0) { $place = $one; break }
        $left -= 1
    }
    switch ($place) {
        'dataset' { & $names 'datasets' $(if ($start) { $start } else { ' ' }) }
        'profile' { & $names 'profiles' ' ' }
        'column' { & $names 'columns' $given[0] }
        { $_ -in '', 'any', 'file' } { }
        default { $place.Split(',') | ForEach-Object { & $offer $_ '' } }
    }
"""
