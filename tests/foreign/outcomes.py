"""Makes the calls of standard input with the generated client, and writes what it read, as JSON."""

import json
import sys

from bank import Client  # type: ignore[import-not-found]
from bank.api.retrieve_customer_segment.retrieve_customer_segment import (  # type: ignore[import-not-found]
    sync_detailed,
)
from bank.models import RetrieveCustomerSegmentRequest  # type: ignore[import-not-found]

client = Client(base_url=f"{sys.argv[1]}/api")
answers = []
for call in json.load(sys.stdin):
    headers = call["headers"]
    answer = sync_detailed(
        client=client,
        body=RetrieveCustomerSegmentRequest.from_dict(call["body"]),
        client_id=headers["client_id"],
        authorization=headers["Authorization"],
        accept=headers["Accept"],
        uuid=headers["uuid"],
        content_type=headers["Content-Type"],
        country_code=headers["countryCode"],
        business_code=headers["businessCode"],
        channel_id=headers["ChannelId"],
    )
    parsed = answer.parsed
    answers.append(
        {
            "status": int(answer.status_code),
            "model": type(parsed).__name__,
            "body": None if parsed is None else parsed.to_dict(),
        }
    )
print(json.dumps(answers))
