// SPDX-License-Identifier: Apache-2.0
internal import InvocationQueue
internal import NIOCore
internal import NIOHTTP1

/// Gathers an answer: its head, and the first part of its body. The rest is read and dropped, so that the function can finish writing.
final class FunctionAnswer: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let call: FunctionCall
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var isComplete = false

    init(_ call: FunctionCall) { self.call = call }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // Interim answers are passed over.
            guard head.status.code >= 200 else { return }
            self.head = head
            call.answerBegins()
        case .body(let bytes):
            body += bytes.readableBytesView.prefix(TaskRecord.responseBytes - body.count)
        case .end:
            guard let head, !isComplete else { return }
            isComplete = true
            call.answered(head, body)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { lost() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
        lost()
    }

    private func lost() {
        guard !isComplete else { return }
        isComplete = true
        call.broken()
    }
}
