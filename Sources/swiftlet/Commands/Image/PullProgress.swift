// SPDX-License-Identifier: Apache-2.0
package import FunctionModel

/// What is known of an image that is being pulled, from the host's events. A pure value.
package struct PullProgress {
    private struct Layer {
        var digest: String
        var size: Int
        var received = 0
    }

    /// Bytes that come, of all layers.
    private var total = 0
    private var count = 0
    private var finished = 0
    private var active: [Int: Layer] = [:]
    /// Bytes of layers that have come whole.
    private var complete = 0
    private var seconds = 0.0

    package init() {}

    /// Takes an event in.
    ///
    /// - Parameter seconds: since the pull began.
    /// - Returns: a line that stays; nil for none.
    package mutating func take(_ event: [String: JSONValue], after seconds: Double) -> String? {
        self.seconds = seconds
        let index = event["index"]?.integer ?? 0
        let bytes = event["bytes"]?.integer ?? 0
        let digest = String(event["digest"]?.string?.prefix(19) ?? "")
        switch event["event"]?.string {
        case "resolved":
            (total, count) = (bytes, event["layers"]?.integer ?? 0)
            return "\(event["digest"]?.string ?? ""): \(count) \(count == 1 ? "layer" : "layers"), \(sizeText(total)) to come"
        case "layer":
            count = event["of"]?.integer ?? count
            switch event["state"]?.string {
            case "unpacking":
                active[index] = Layer(digest: digest, size: bytes)
                return nil
            case "downloading":
                active[index]?.received = bytes
                return nil
            case "exists":
                finished += 1
                return "layer \(index) of \(count) \(digest): already here, \(sizeText(bytes))"
            case "done":
                finished += 1
                let layer = active.removeValue(forKey: index)
                complete += layer?.size ?? 0
                return "layer \(index) of \(count) \(digest): \(sizeText(layer?.size ?? 0)) pulled, \(sizeText(bytes)) unpacked"
            default: return nil
            }
        default: return nil
        }
    }

    /// For a terminal: each layer on its way, then all of it with rate and time left.
    package var lines: [String] {
        let layers = active.sorted { $0.key < $1.key }.map { index, layer in
            "layer \(index) of \(count) \(layer.digest): \(sizeText(layer.received)) of \(sizeText(layer.size))"
        }
        let received = complete + active.values.reduce(0) { $0 + $1.received }
        var text = "\(sizeText(received)) of \(sizeText(total))  layers \(finished)/\(count)"
        if seconds > 0.05, received > 0 {
            let rate = Double(received) / seconds
            text += "  \(sizeText(Int(rate)))/s"
            if total > received { text += "  \(Int((Double(total - received) / rate).rounded(.up))) s left" }
        }
        return layers + [text]
    }
}
