# Dot-sourced by every script here: one request as JSON on stdin, one answer as JSON on stdout, UTF-8 both ways
# whatever the console's code page is. Nothing of a request ever becomes part of a script's text.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
Set-StrictMode -Version Latest

$HypervAdministrators = 'S-1-5-32-578'
$SavedStates = @('Saved', 'FastSaved', 'SavedCritical', 'FastSavedCritical')
$OffStates = @('Off', 'OffCritical')

function Read-Request {
    $encoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    $reader = New-Object -TypeName System.IO.StreamReader -ArgumentList ([Console]::OpenStandardInput()), $encoding
    ConvertFrom-Json -InputObject $reader.ReadToEnd()
}

function Write-Answer {
    param ($Answer)
    $encoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    $bytes = $encoding.GetBytes((ConvertTo-Json -InputObject $Answer -Compress -Depth 4) + "`n")
    $stream = [Console]::OpenStandardOutput()
    $stream.Write($bytes, 0, $bytes.Length)
    $stream.Flush()
}

# What the work throws is an answer, too: callers tell errors apart by PowerShell's id and category, never by words.
function Invoke-Request {
    param ([scriptblock] $Work)
    try {
        $request = Read-Request
        Write-Answer -Answer @{ ok = (& $Work $request) }
    } catch {
        $id = [string] $_.FullyQualifiedErrorId
        $category = [string] $_.CategoryInfo.Category
        Write-Answer -Answer @{ error = @{ id = $id; category = $category; message = $_.Exception.Message } }
    }
}

# A machine's virtual machine, by the mark in its notes: names aren't unique in Hyper-V. New-VM can't set notes: where a
# crash came before the mark, one without notes that has a system disk of the machine's directory is it.
function Find-Machine {
    param ([string] $Mark, [string] $Directory)
    $all = @(Get-VM)
    $found = @($all | Where-Object -FilterScript { $_.Notes -eq $Mark })
    if ($found.Count -eq 0) {
        $unmarked = @($all | Where-Object -FilterScript { [string]::IsNullOrEmpty($_.Notes) })
        foreach ($vm in $unmarked) {
            if (Test-SystemDisk -VM $vm -Directory $Directory) { $found += $vm }
        }
    }
    $found | Select-Object -First 1
}

function Test-SystemDisk {
    param ($VM, [string] $Directory)
    $start = $Directory.TrimEnd('\') + '\system-'
    foreach ($drive in @(Get-VMHardDiskDrive -VM $VM)) {
        $path = [string] $drive.Path
        if ($path.StartsWith($start, [System.StringComparison]::OrdinalIgnoreCase)) { return $true }
    }
    $false
}
