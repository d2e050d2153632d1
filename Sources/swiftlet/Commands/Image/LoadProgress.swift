// SPDX-License-Identifier: Apache-2.0
package import FunctionModel

/// What is known of an image that is being loaded, from the host's events. A pure value.
package struct LoadProgress {
    /// Bytes of the archive; nil where they are not known, for example from a pipe.
    let total: Int?
    private(set) var received = 0
    private(set) var layers = 0
    private(set) var finished = 0
    private var seconds = 0.0

    package init(total: Int?) { self.total = total }

    /// Takes an event in.
    ///
    /// - Parameter seconds: since the upload began.
    /// - Returns: a line worth printing where there is no terminal; nil for none.
    package mutating func take(_ event: [String: JSONValue], after seconds: Double) -> String? {
        let index = event["index"]?.integer ?? 0
        switch event["event"]?.string {
        case "received":
            received = event["bytes"]?.integer ?? received
            // The rate is that of the upload, so it stands still afterwards.
            self.seconds = seconds
            return nil
        case "layer":
            layers = event["of"]?.integer ?? layers
            let digest = event["digest"]?.string?.prefix(19) ?? ""
            let size = event["bytes"]?.integer.map { ", \(sizeText($0))" } ?? ""
            switch event["state"]?.string {
            case "unpacking": return "layer \(index) of \(layers) \(digest): unpacking"
            case "exists":
                finished = max(finished, index)
                return "layer \(index) of \(layers) \(digest): already here\(size)"
            case "done":
                finished = max(finished, index)
                return "layer \(index) of \(layers) \(digest): unpacked\(size)"
            default: return nil
            }
        default: return nil
        }
    }

    /// For a terminal: bytes, rate, layers.
    package var line: String {
        var text = sizeText(received)
        if let total { text += " of \(sizeText(total))" }
        if seconds > 0.05 { text += "  \(sizeText(Int(Double(received) / seconds)))/s" }
        if layers > 0 { text += "  layers \(finished)/\(layers)" }
        return text
    }
}
