// SPDX-License-Identifier: Apache-2.0

/// Manual pages in the language of man(7), one for each verb, made of what the argument parser knows.
enum ManualPages {
    struct Page {
        /// Without the section: `swiftlet-function-create`.
        var name: String
        var text: String
    }

    static func all(of command: ToolHelp.Command, under path: [String] = []) -> [Page] {
        guard command.shouldDisplay, command.commandName != "help" else { return [] }
        let path = path + [command.commandName]
        return [page(command, path)] + (command.subcommands ?? []).flatMap { all(of: $0, under: path) }
    }

    private static func page(_ command: ToolHelp.Command, _ path: [String]) -> Page {
        let name = path.joined(separator: "-")
        let arguments = (command.arguments ?? []).filter(\.shouldDisplay)
        let verbs = (command.subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
        var text = ".TH \"\(name.uppercased())\" 1 \"\" \"swiftlet \(swiftletVersion)\" \"Swiftlet\"\n"
        text += ".SH NAME\n\(escaped(name)) \\- \(escaped(command.abstract ?? ""))\n"
        text += ".SH SYNOPSIS\n.B \(escaped(path.joined(separator: " ")))\n"
        if !verbs.isEmpty { text += ".I verb\n[\\fIoptions\\fR]\n" }
        for argument in arguments { text += synopsis(argument) }
        if let discussion = command.discussion { text += ".SH DESCRIPTION\n.nf\n\(escaped(discussion))\n.fi\n" }
        if !arguments.isEmpty { text += ".SH OPTIONS\n" + arguments.map(option).joined() }
        if !verbs.isEmpty {
            text += ".SH VERBS\n"
            for verb in verbs {
                text += ".TP\n.BR \(escaped("\(name)-\(verb.commandName)")) (1)\n\(escaped(verb.abstract ?? ""))\n"
            }
        }
        if path.last == "serve" { text += Self.serveExtras }
        text +=
            ".SH SEE ALSO\n"
            + (path.count > 1 ? ".BR \(escaped(path.dropLast().joined(separator: "-"))) (1)\n" : ".BR swiftlet\\-serve (1)\n")
        return Page(name: name, text: text)
    }

    private static let serveExtras = #"""
        .SH ENVIRONMENT
        Every option may be given as a variable too: \fB\-\-state\-dir\fR as \fBSWIFTLET_STATE_DIR\fR. It wins over the configuration file, and the
        command line wins over it.
        .SH FILES
        .TP
        .I /etc/swiftlet/config.yaml
        The same options without their dashes, one a line: \fBstate-dir: /var/lib/swiftlet\fR. Unknown names are refused.

        """#

    private static func synopsis(_ argument: ToolHelp.Argument) -> String {
        let value = argument.valueName.map { "\\fI\(escaped($0))\\fR" } ?? ""
        var text = value
        if argument.kind != "positional" {
            let name = argument.names?.last?.text ?? ""
            text = "\\fB\(escaped(name))\\fR" + (argument.kind == "option" ? " \(value)" : "")
        }
        if argument.isRepeating { text += " ..." }
        return (argument.isOptional ? "[\(text)]" : text) + "\n"
    }

    private static func option(_ argument: ToolHelp.Argument) -> String {
        let value = argument.valueName.map { "\\fI\(escaped($0))\\fR" } ?? ""
        let names = (argument.names ?? []).map { "\\fB\(escaped($0.text))\\fR" }.joined(separator: ", ")
        let head = argument.kind == "positional" ? value : argument.kind == "option" ? "\(names) \(value)" : names
        var body = escaped(argument.abstract ?? "")
        if let discussion = argument.discussion { body += " " + escaped(discussion) }
        if let preset = argument.defaultValue { body += " (default: \(escaped(preset)))" }
        return ".TP\n\(head)\n\(body)\n"
    }

    /// Dashes that may be copied, no escapes of the text's own, and no line that reads as a request.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&\($0)" : String($0) }.joined(separator: "\n")
    }
}
